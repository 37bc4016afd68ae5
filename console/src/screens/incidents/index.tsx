/** Incidents: the list, and the page of one. */
import { Route, Switch } from "wouter";
import { IncidentList } from "./list";
import { IncidentPage } from "./page";

export default function Incidents() {
  return (
    <Switch>
      <Route path="/incidents" component={IncidentList} />
      <Route path="/incidents/:id">{({ id }) => <IncidentPage key={id} id={decodeURIComponent(id)} />}</Route>
    </Switch>
  );
}
