/** Reasons for refusing something, in words; a connector that isn't ours may have others, which stand as they are. */
import { useTranslations } from "use-intl";

type Text = "name" | "means" | "cause" | "mend";

/** A text about a reason; empty where there is none. */
export function useReasonText(): (reason: string, text: Text) => string {
  const t = useTranslations("reasons");
  return (reason, text) => {
    const key = `${known(reason)}.${text}` as Parameters<typeof t>[0];
    return t.has(key) ? t(key) : "";
  };
}

/** The name of a reason, or the word itself. */
export function useReasonName(): (reason: string) => string {
  const text = useReasonText();
  return (reason) => {
    const name = text(reason, "name");
    return name === "" || known(reason) !== reason ? `${name ? `${name}: ` : ""}${reason}` : name;
  };
}

/** Families of reasons share their texts. */
export function known(reason: string): string {
  if (reason.startsWith("modbus-")) return "modbus";
  if (reason.startsWith("opcua-")) return "opcua";
  if (reason.startsWith("retained")) return "retained";
  return reason;
}
