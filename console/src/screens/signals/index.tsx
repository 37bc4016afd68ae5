/** Signals: the list, a signal's page, and several compared; each has an address of its own. */
import { Route, Switch } from "wouter";
import { Compare } from "./compare";
import { SignalList } from "./list";
import { SignalPage } from "./page";

export default function Signals() {
  return (
    <Switch>
      <Route path="/signals/compare" component={Compare} />
      <Route path="/signals/:signal">
        {({ signal }) => <SignalPage key={signal} id={decodeURIComponent(signal)} />}
      </Route>
      <Route component={SignalList} />
    </Switch>
  );
}
