/** The console: language, requests, who sits here, and then the shell. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Suspense, useEffect, useState } from "react";
import { IntlProvider, useTranslations } from "use-intl";
import { useCell } from "../api/cell";
import { epoch, follow, stop } from "../api/live";
import { asProblem } from "../api/problem";
import { askSession, session } from "../api/session";
import { en, type Language, LOCALES, type Messages, messagesOf } from "../messages";
import { part } from "../ui/part";
import { Loading } from "../ui/states";
import { language } from "./preferences";
import { screenAhead } from "./routes";
import { Shell } from "./shell";

const SignIn = part(() => import("../screens/signin"));
const RETRIES = 2;
const ASK_AGAIN_MS = 2_000;
/** A server that is starting lets a question wait for a while before it says so. */
const ASK_SOON_MS = 250;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < RETRIES && [0, 502, 503, 504].includes(asProblem(error).status),
    },
  },
});

// After everything was read anew, what screens fetched before may be old.
epoch.follow(() => void queries.invalidateQueries());

function useMessages(chosen: Language): { locale: Language; messages: Messages } {
  const [shown, setShown] = useState<{ locale: Language; messages: Messages }>({ locale: "en", messages: en });
  useEffect(() => {
    let here = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = (): void =>
      void messagesOf(chosen).then(
        (messages) => here && setShown({ locale: chosen, messages }),
        () => {
          if (here) timer = setTimeout(read, ASK_AGAIN_MS); // the server is away
        },
      );
    read();
    return () => {
      here = false;
      clearTimeout(timer);
    };
  }, [chosen]);
  return shown;
}

export function App() {
  const { locale, messages } = useMessages(useCell(language));
  useEffect(() => {
    document.documentElement.lang = locale;
  }, [locale]);
  return (
    <IntlProvider locale={LOCALES[locale]} messages={messages} timeZone="UTC">
      <QueryClientProvider client={queries}>
        <Door />
      </QueryClientProvider>
    </IntlProvider>
  );
}

/** Ask who sits here, and again so long after each answer; returns what ends it. */
function keepAsking(pause: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let here = true;
  const ask = (): void =>
    void askSession().then(() => {
      if (here) timer = setTimeout(ask, pause);
    });
  ask();
  return () => {
    here = false;
    clearTimeout(timer);
  };
}

/** The screens are for who may see them; everyone else is asked for a name first. */
function Door() {
  const t = useTranslations("shell");
  const { state, info } = useCell(session);
  const inside = state === "in" && info !== null && !info.must_change_password;
  const who = inside ? info.name : null;
  useEffect(() => {
    if (who === null) return undefined;
    follow();
    return () => {
      stop();
      queries.clear();
    };
  }, [who]);
  useEffect(() => {
    if (state !== "asking" && state !== "starting" && state !== "unreachable") return undefined;
    screenAhead(location.pathname); // it is read while the server is still starting
    return keepAsking(state === "unreachable" ? ASK_AGAIN_MS : ASK_SOON_MS);
  }, [state]);
  if (state === "asking") return <Loading />;
  if (state === "starting") return <p role="status">{t("starting")}</p>;
  if (state === "unreachable") return <p role="alert">{t("unreachable")}</p>;
  return <Suspense fallback={<Loading />}>{inside ? <Shell /> : <SignIn />}</Suspense>;
}
