/** The list of keys in force: those of the screen first, then those of the shell. */
import { useTranslations } from "use-intl";
import { useCell } from "../../api/cell";
import { Dialog } from "../../ui/dialog";
import { shortcuts } from "../shortcuts";
import styles from "./finder.module.css";

export default function Keys({ close }: { close: () => void }) {
  const t = useTranslations("palette");
  const list = useCell(shortcuts);
  const seen = new Set<string>();
  const inForce = list.filter((one) => !seen.has(one.keys) && seen.add(one.keys));
  return (
    <Dialog title={t("keys")} onClose={close}>
      <dl className={styles["keys"]}>
        {inForce.map((one) => (
          <div key={one.keys}>
            <dt>{one.keys.replace("mod+", `${t("mod")} `)}</dt>
            <dd>{one.label}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
