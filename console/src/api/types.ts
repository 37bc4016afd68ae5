/** Names of the API's models; the shapes are generated from its OpenAPI document. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Act = Schemas["Act"];
export type Acted = Schemas["Acted"];
export type Alarm = Schemas["Alarm"];
export type AlarmDetail = Schemas["AlarmDetail"];
export type Asset = Schemas["Asset"];
export type AssetDetail = Schemas["AssetDetail"];
export type Balance = Schemas["Balance"];
export type Card = Schemas["Card"];
export type Decision = Schemas["Decision"];
export type Episode = Schemas["Episode"];
export type Evidence = Schemas["Evidence"];
export type Health = Schemas["Health"];
export type HealthChange = Schemas["HealthChange"];
export type Expected = Schemas["Expected"];
export type History = Schemas["History"];
export type Incident = Schemas["Incident"];
export type IncidentDetail = Schemas["IncidentDetail"];
export type IncidentAct = Schemas["IncidentAct"];
export type IncidentWhy = Schemas["IncidentWhy"];
export type WhyEvidence = Schemas["WhyEvidence"];
export type WhyTopEvent = Schemas["WhyTopEvent"];
export type Finding = Schemas["Finding"];
export type Handling = Schemas["Handling"];
export type Raw = Schemas["Raw"];
export type TimelineLine = Schemas["TimelineLine"];
export type Cause = Schemas["Closing"]["cause"];
export type Person = Schemas["Person"];
export type KeptMessage = Schemas["KeptMessage"];
export type Notification = Schemas["Notification"];
export type Prediction = Schemas["Prediction"];
export type Past = Schemas["Past"];
export type PersonReport = Schemas["PersonReport"];
export type ReportCluster = Schemas["ReportCluster"];
export type Category = Schemas["LabelRequest"]["category"];
export type PulseState = Schemas["PulseState"];
export type Quarantine = Schemas["Quarantine"];
export type RefusalReason = Schemas["RefusalReason"];
export type Reingest = Schemas["Reingest"];
export type SessionInfo = Schemas["SessionInfo"];
export type Signal = Schemas["Signal"];
export type Site = Schemas["Site"];
export type SourceDetail = Schemas["SourceDetail"];
export type SourceHealth = Schemas["SourceHealth"];
export type Storage = Schemas["Storage"];
export type Update = Schemas["Update"];
/** How a source (`member` empty) or one of its members stands. */
export type Standing = Schemas["StandingOf"] & { source: string; member: string };

export type Severity = Alarm["severity"];
export type AlarmState = Alarm["state"];
export type HealthState = Health["state"];
export type SourceKind = Alarm["source_kind"];
