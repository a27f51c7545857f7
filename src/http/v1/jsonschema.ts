import { type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";

import { type SchemaName, SCHEMAS } from "./schema.ts";

/** What is answered, in JSON Schema. */
export function describeSchemas(): Record<SchemaName, JsonSchema> {
  const described = Object.entries(SCHEMAS).map(([name, schema]) => [
    name,
    toJsonSchema(schema, { target: "draft-2020-12" }),
  ]);
  return Object.fromEntries(described) as Record<SchemaName, JsonSchema>;
}
