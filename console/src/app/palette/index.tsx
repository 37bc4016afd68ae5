/** The command palette (Ctrl or Cmd K) and the list of keys (`?`), read when first opened. */
import { type ReactNode, Suspense, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";
import { may } from "../../api/session";
import { LANGUAGES, type Language } from "../../messages";
import { Dialog } from "../../ui/dialog";
import { part } from "../../ui/part";
import { chooseLanguage, chooseTheme, type Theme } from "../preferences";
import { ROUTES } from "../routes";
import { useShortcuts } from "../shortcuts";
import { useCommands } from "./commands";

const Finder = part(() => import("./finder"), Frame);
const Keys = part(() => import("./keys"), Frame);
const AHEAD_MS = 3_000;
const THEMES: readonly Theme[] = ["light", "dark", "system"];

/** Stands about the reason why there is no palette yet. */
function Frame({ close, children }: { close: () => void; children: ReactNode }) {
  const t = useTranslations("palette");
  return (
    <Dialog title={t("title")} onClose={close}>
      {children}
    </Dialog>
  );
}

export function Palette() {
  const t = useTranslations();
  const [open, setOpen] = useState<"finder" | "keys" | null>(null);
  const [, go] = useLocation();
  useCommands([
    ...ROUTES.filter((one) => !one.path.startsWith("/evidence") && (!one.permission || may(one.permission))).map(
      (one) => ({
        id: `go ${one.name}`,
        label: t("palette.go", { screen: t(`${one.name}.title`) }),
        run: () => go(one.path.replace("/*?", "") || "/"),
      }),
    ),
    ...THEMES.map((one) => ({
      id: `theme ${one}`,
      label: t("palette.theme", { theme: t(`shell.theme.${one}`) }),
      run: () => chooseTheme(one),
    })),
    ...(Object.keys(LANGUAGES) as Language[]).map((one) => ({
      id: `language ${one}`,
      label: t("palette.language", { language: LANGUAGES[one] }),
      run: () => chooseLanguage(one),
    })),
  ]);
  useShortcuts([
    { keys: "mod+k", label: t("palette.open"), run: () => setOpen("finder"), typing: true },
    { keys: "?", label: t("palette.keys"), run: () => setOpen("keys") },
  ]);
  useEffect(() => {
    const timer = setTimeout(Finder.ahead, AHEAD_MS); // so that no letter is lost while it is read
    return () => clearTimeout(timer);
  }, []);
  const close = () => setOpen(null);
  return (
    <Suspense fallback={null}>
      {open === "finder" && <Finder close={close} />}
      {open === "keys" && <Keys close={close} />}
    </Suspense>
  );
}
