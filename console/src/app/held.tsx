/** What a screen that throws leaves behind: its own place says so; head, banner and the alarms' sound go on. */
import { useQueryClient } from "@tanstack/react-query";
import { Component, type ReactNode, useEffect } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../ui/button";
import { StateBox } from "../ui/states";

interface Props {
  /** Where this is, such as the address: elsewhere it is tried anew. */
  place: string;
  children: ReactNode;
}

interface State {
  thrown: unknown;
  failed: boolean;
  place: string;
}

/** Holds what its children throw while they are drawn. React has no other way for this than a class. */
export class Held extends Component<Props, State> {
  override state: State = { thrown: null, failed: false, place: this.props.place };

  static getDerivedStateFromError(thrown: unknown): Partial<State> {
    return { thrown, failed: true };
  }

  static getDerivedStateFromProps({ place }: Props, state: State): Partial<State> | null {
    return place === state.place ? null : { place, failed: false, thrown: null };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return <Thrown what={this.state.thrown} again={() => this.setState({ failed: false, thrown: null })} />;
  }
}

function Thrown({ what, again }: { what: unknown; again: () => void }) {
  const t = useTranslations("shell.thrown");
  const queries = useQueryClient();
  // What the screen had read may be what it stumbled over: it is read anew.
  useEffect(() => queries.removeQueries({ type: "inactive" }), [queries]);
  return (
    <StateBox>
      <p>
        <strong>{t("title")}</strong> {t("rest")}
      </p>
      <Button kind="primary" onClick={again}>
        {t("again")}
      </Button>
      <p>{t("report")}</p>
      <p>
        <code>{`${location.pathname}: ${what instanceof Error ? `${what.name}: ${what.message}` : String(what)}`}</code>
      </p>
    </StateBox>
  );
}
