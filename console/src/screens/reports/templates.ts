/** How an answer can begin, in the reporter's own language: that is sent, and need not be the one on this screen. */

export const TEMPLATES = ["seen", "where", "indoors", "over", "nothing"] as const;
export type Template = (typeof TEMPLATES)[number];
export type AnswerLanguage = "en" | "de" | "it";

/** The language an answer is written in; English where we have no other. */
export function answerLanguage(code: string): AnswerLanguage {
  const short = code.slice(0, 2).toLowerCase();
  return short === "de" || short === "it" ? short : "en";
}

export const ANSWERS: Record<AnswerLanguage, Record<Template, string>> = {
  en: {
    seen: "Thank you. We have read your report and somebody is looking into it now.",
    where: "Thank you. Where exactly is it, since when, and is it getting stronger or weaker? Please report again.",
    indoors:
      "Please stay indoors and close doors and windows until you hear from us. In danger call the emergency number.",
    over: "It is over. You can open your windows again. Thank you for your report.",
    nothing: "We have looked and found nothing. If you notice it again, please report it again. Thank you.",
  },
  de: {
    seen: "Danke. Wir haben Ihre Meldung gelesen, jemand sieht jetzt nach.",
    where: "Danke. Wo genau ist es, seit wann, und wird es stärker oder schwächer? Bitte melden Sie sich noch einmal.",
    indoors:
      "Bitte bleiben Sie im Haus und schließen Sie Türen und Fenster, bis Sie wieder von uns hören. Bei Gefahr wählen Sie den Notruf.",
    over: "Es ist vorbei. Sie können die Fenster wieder öffnen. Danke für Ihre Meldung.",
    nothing: "Wir haben nachgesehen und nichts gefunden. Bemerken Sie es wieder, melden Sie es bitte erneut. Danke.",
  },
  it: {
    seen: "Grazie. Abbiamo letto la sua segnalazione e qualcuno sta controllando.",
    where: "Grazie. Dove si trova esattamente, da quando, e aumenta o diminuisce? Ci scriva di nuovo, per favore.",
    indoors:
      "Resti in casa e chiuda porte e finestre fino a nostra comunicazione. In caso di pericolo chiami il numero di emergenza.",
    over: "È finito. Può riaprire le finestre. Grazie per la segnalazione.",
    nothing: "Abbiamo controllato e non abbiamo trovato nulla. Se lo nota di nuovo, ci scriva ancora. Grazie.",
  },
};
