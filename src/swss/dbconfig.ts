import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { APPL_DB, CONFIG_DB, type DatabaseName, STATE_DB } from "./schema.ts";

/** Where a Redis server listens. */
export type RedisAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** Where a database is and how its keys are made. */
export interface DatabaseLocation {
  readonly name: DatabaseName;
  readonly address: RedisAddress;
  readonly id: number;
  readonly separator: string;
}

/** The locations of the databases that portsyncd uses. */
export type DatabaseLocations = Readonly<Record<DatabaseName, DatabaseLocation>>;

/** A database configuration that cannot be used: which file, what is wrong and what is allowed. */
export class DatabaseConfigError extends Error {
  override readonly name = "DatabaseConfigError";
}

/** Separators as swss-common has them, for locations that do not come from a database_config.json (rule 30). */
const SEPARATORS = { [APPL_DB]: ":", [CONFIG_DB]: "|", [STATE_DB]: "|" } as const;

/** The locations when all databases are in one server. */
export function singleServer(address: RedisAddress, ids: Readonly<Record<DatabaseName, number>>): DatabaseLocations {
  const location = (name: DatabaseName) => ({ name, address, id: ids[name], separator: SEPARATORS[name] });
  return { APPL_DB: location(APPL_DB), CONFIG_DB: location(CONFIG_DB), STATE_DB: location(STATE_DB) };
}

/** Reads a database_config.json (rule 46). Throws DatabaseConfigError. */
export function readDatabaseConfig(file: string): DatabaseLocations {
  const config = readJson(file);
  const location = (name: DatabaseName): DatabaseLocation => {
    const database = member(file, config, "DATABASES", name);
    const instance = text(file, database, "instance", `DATABASES.${name}`);
    const id = integer(file, database, "id", `DATABASES.${name}`, 0, 65_535);
    const separator = text(file, database, "separator", `DATABASES.${name}`);
    if (separator !== ":" && separator !== "|") {
      throw new DatabaseConfigError(
        `${file}: DATABASES.${name}.separator is ${JSON.stringify(separator)}; ":" and "|" are allowed`,
      );
    }
    return { name, id, separator, address: address(file, config, instance) };
  };
  return { APPL_DB: location(APPL_DB), CONFIG_DB: location(CONFIG_DB), STATE_DB: location(STATE_DB) };
}

/** The database_config.json of a namespace such as asic0, as database_global.json names it (rule 49). Throws DatabaseConfigError. */
export function namespaceDatabaseConfig(globalFile: string, namespace: string): string {
  const config = readJson(globalFile);
  const includes = config["INCLUDES"];
  const rows = Array.isArray(includes) ? includes.filter(isObject) : [];
  const row = rows.find((include) => include["namespace"] === namespace);
  if (typeof row?.["include"] === "string") return resolve(dirname(globalFile), row["include"]);
  const known = rows.map((include) => include["namespace"]).filter((name) => typeof name === "string" && name !== "");
  throw new DatabaseConfigError(
    `${globalFile}: no namespace ${JSON.stringify(namespace)}; there ${known.length > 0 ? `are ${known.join(", ")}` : "is none"}`,
  );
}

type JsonObject = Record<string, unknown>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readJson(file: string): JsonObject {
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new DatabaseConfigError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(config)) throw new DatabaseConfigError(`${file}: not a JSON object`);
  return config;
}

function member(file: string, config: JsonObject, section: string, name: string): JsonObject {
  const rows = config[section];
  const row = isObject(rows) ? rows[name] : undefined;
  if (!isObject(row)) throw new DatabaseConfigError(`${file}: ${section}.${name} is missing`);
  return row;
}

function text(file: string, row: JsonObject, key: string, where: string): string {
  const value = row[key];
  if (typeof value !== "string") throw new DatabaseConfigError(`${file}: ${where}.${key} must be a string`);
  return value;
}

function integer(file: string, row: JsonObject, key: string, where: string, least: number, most: number): number {
  const value = row[key];
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new DatabaseConfigError(`${file}: ${where}.${key} must be a whole number from ${least} to ${most}`);
}

/** The Unix socket when the instance has one (rule 47), else its host and port. */
function address(file: string, config: JsonObject, instance: string): RedisAddress {
  const row = member(file, config, "INSTANCES", instance);
  const where = `INSTANCES.${instance}`;
  const host = text(file, row, "hostname", where);
  const path = row["unix_socket_path"];
  if (typeof path === "string" && path !== "") return { path }; // rule 47: host and port are not used then
  return { host, port: integer(file, row, "port", where, 1, 65_535) };
}
