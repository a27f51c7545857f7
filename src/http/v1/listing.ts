import { jsonAnswer } from "../answer.ts";
import type { Route } from "../route.ts";

/** The route that lists all routes and describes what they answer: JSON Schema (2020-12) of each. */
export function listingRoute(routes: readonly Route[]): Route {
  return {
    method: "GET",
    path: "/api/v1",
    meaning: "this list",
    parameters: [],
    response: undefined,
    handle: async () => {
      const { describeSchemas } = await import("./jsonschema.ts"); // seldom asked for, and not small
      const listed = routes.map(({ method, path, meaning, parameters, response }) => {
        return { method, path, meaning, parameters, response: response ? `#/$defs/${response}` : null };
      });
      return jsonAnswer(200, { version: "v1", problem: "#/$defs/Problem", routes: listed, $defs: describeSchemas() });
    },
  };
}
