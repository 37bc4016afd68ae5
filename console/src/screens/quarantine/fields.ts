/** Where in the connection's options a reason is mended, by connector. */

type Fields = Readonly<Record<string, readonly string[]>>;

const TABLE: Fields = {
  "time-unreadable": ["mapping.time.column", "mapping.time.format", "mapping.time_zone"],
  "time-empty": ["mapping.time.column", "stamp_arrival"],
  "time-nonexistent": ["mapping.time_zone"],
  "time-absurd": ["mapping.time.format"],
  "text-in-number": ["mapping.columns.NAME.values", "mapping.decimal", "mapping.empty"],
  infinite: ["mapping.columns.NAME.factor"],
  "bad-value": ["mapping.columns.NAME.bad_values"],
  "bad-quality": ["mapping.quality_column", "mapping.good_quality"],
  "unknown-tag": ["mapping.columns", "mapping.ignore"],
  empty: ["mapping.columns", "mapping.layout"],
  encoding: ["mapping.encoding"],
  "field-count": ["mapping.delimiter", "mapping.decimal", "mapping.skip_lines"],
  quoting: ["mapping.delimiter"],
  unreadable: ["mapping.time.column", "mapping.columns", "mapping.delimiter"],
  "no-event": ["mapping.records"],
  "wrong-fields": ["mapping.records.fields", "mapping.records.constants", "mapping.records.kind"],
  "too-long": ["max_bytes"],
};

const FIELDS: Readonly<Record<string, Fields>> = {
  http_push: TABLE,
  folder: { ...TABLE, "time-empty": ["mapping.time.column"], "too-long": [] },
  mqtt: {
    "time-unreadable": ["topics[].time", "topics[].time_format", "topics[].time_zone"],
    "time-nonexistent": ["topics[].time_zone"],
    "time-absurd": ["topics[].time_format"],
    "text-in-number": ["topics[].columns.NAME.values"],
    infinite: ["topics[].columns.NAME.factor"],
    "bad-value": ["topics[].columns.NAME.bad_values"],
    "bad-quality": ["topics[].quality", "topics[].good_quality"],
    "no-known-field": ["topics[].columns", "topics[].name", "topics[].items"],
    "no-records": ["topics[].items"],
    "no-event": ["topics[].records"],
    "wrong-fields": ["topics[].records.fields", "topics[].records.constants"],
    "no-json": ["topics[].payload"],
    "no-status": ["topics[].up", "topics[].down"],
    "no-birth": ["topics[].rebirth"],
    "unknown-alias": ["topics[].fixed_aliases", "topics[].rebirth"],
    topic: ["topics[].filter"],
    "too-long": ["longest_bytes"],
  },
  syslog: {
    "time-unreadable": ["time_zone"],
    "wrong-fields": ["rules[].fields", "rules[].constants", "rules[].values"],
    "no-priority": ["senders"],
    "too-long": ["longest_bytes"],
  },
  modbus: {},
  opcua: {},
};

const OF_SOURCE: Fields = {
  "time-ahead": ["clock_offset_s"],
  late: ["lateness_s"],
};

/** Fields of the options (or of the source in site.yaml) that are to be looked at; none where nothing here mends it. */
export function fieldsOf(reason: string, connector: string | null | undefined): { file: string; fields: string[] } {
  const own = OF_SOURCE[reason];
  if (own) return { file: "site.yaml", fields: [...own] };
  const known = connector ? (FIELDS[connector] ?? {}) : TABLE;
  return { file: "connections.yaml", fields: [...(known[reason] ?? [])] };
}
