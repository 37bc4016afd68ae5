/** Names of the models that the site's screens show. */
import type { components } from "../../api/schema";

type Schemas = components["schemas"];

export type BarrierState = Schemas["BarrierState"];
export type CheckReport = Schemas["CheckReport"];
export type Fault = Schemas["Fault"];
export type Graph = Schemas["Graph"];
export type GraphEdge = Schemas["GraphEdge"];
export type GraphNode = Schemas["GraphNode"];
export type Lost = Schemas["Lost"];
export type Need = Schemas["Need"];
export type Reason = Schemas["Reason"];
export type Relations = Schemas["Relations"];
