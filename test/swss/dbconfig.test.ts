import { describe, expect, test } from "bun:test";

import {
  DatabaseConfigError,
  namespaceDatabaseConfig,
  readDatabaseConfig,
  singleServer,
} from "../../src/swss/dbconfig.ts";
import { TempDir } from "../support/tempdir.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const INSTANCES = {
  redis: {
    hostname: "127.0.0.1",
    port: 6379,
    unix_socket_path: "/var/run/redis/redis.sock",
    persistence_for_warm_boot: "yes",
  },
  redis1: { hostname: "10.0.0.1", port: 6380, unix_socket_path: "" },
  redis2: { hostname: "::1", port: 6381 },
};
const DATABASES = {
  APPL_DB: { id: 0, separator: ":", instance: "redis" },
  CONFIG_DB: { id: 4, separator: "|", instance: "redis1" },
  STATE_DB: { id: 6, separator: "|", instance: "redis2" },
  ASIC_DB: { id: 1, separator: "?", instance: "nobody" },
};

/** What `use` says of a file with this text; `FILE` stands for its path. */
async function withFile<Result>(text: string, use: (file: string) => Result): Promise<Result> {
  await using dir = new TempDir();
  const file = dir.file("database_config.json");
  await Bun.write(file, text);
  return use(file);
}

/** The message with which a file is refused. */
function refusal(read: (file: string) => unknown): (file: string) => string {
  return (file) => {
    try {
      read(file);
    } catch (error) {
      expect(error).toBeInstanceOf(DatabaseConfigError);
      return (error as Error).message.replaceAll(file, "FILE");
    }
    throw new Error("it was not refused");
  };
}

describe("readDatabaseConfig", () => {
  test("readDatabaseConfig takes the socket when there is one, else host and port; what it does not know is ignored (rules 46, 47)", async () => {
    const locations = await withFile(
      JSON.stringify({ INSTANCES, DATABASES, VERSION: "1.0", x: 1 }),
      readDatabaseConfig,
    );
    expect(locations).toEqual({
      APPL_DB: { name: "APPL_DB", id: 0, separator: ":", address: { path: "/var/run/redis/redis.sock" } },
      CONFIG_DB: { name: "CONFIG_DB", id: 4, separator: "|", address: { host: "10.0.0.1", port: 6380 } },
      STATE_DB: { name: "STATE_DB", id: 6, separator: "|", address: { host: "::1", port: 6381 } },
    });
  });

  const without = (name: keyof typeof DATABASES): Json =>
    Object.fromEntries(Object.entries(DATABASES).filter(([key]) => key !== name));
  const state = (changes: { readonly [key: string]: Json }): Json => ({
    ...DATABASES,
    STATE_DB: { ...DATABASES.STATE_DB, ...changes },
  });
  const redis = (changes: { readonly [key: string]: Json }): Json => ({
    ...INSTANCES,
    redis: { ...INSTANCES.redis, ...changes },
  });

  for (const [what, config, message] of [
    ["no DATABASES", { INSTANCES }, /^FILE: DATABASES\.APPL_DB is missing$/],
    ["no STATE_DB", { INSTANCES, DATABASES: without("STATE_DB") }, /^FILE: DATABASES\.STATE_DB is missing$/],
    ["no INSTANCES", { DATABASES }, /^FILE: INSTANCES\.redis is missing$/],
    [
      "an instance that is not there",
      { INSTANCES, DATABASES: state({ instance: "redis9" }) },
      /^FILE: INSTANCES\.redis9 is missing$/,
    ],
    ["DATABASES as a list", { INSTANCES, DATABASES: [] }, /^FILE: DATABASES\.APPL_DB is missing$/],
    [
      "a number for an instance",
      { INSTANCES, DATABASES: state({ instance: 1 }) },
      /^FILE: DATABASES\.STATE_DB\.instance must be a string$/,
    ],
    [
      "no separator",
      { INSTANCES, DATABASES: state({ separator: null }) },
      /^FILE: DATABASES\.STATE_DB\.separator must be a string$/,
    ],
    [
      "another separator",
      { INSTANCES, DATABASES: state({ separator: "\n" }) },
      /^FILE: DATABASES\.STATE_DB\.separator is "\\n"; ":" and "\|" are allowed$/,
    ],
    [
      "an empty separator",
      { INSTANCES, DATABASES: state({ separator: "" }) },
      /^FILE: DATABASES\.STATE_DB\.separator is ""; ":" and "\|" are allowed$/,
    ],
    [
      "an id as text",
      { INSTANCES, DATABASES: state({ id: "6" }) },
      /^FILE: DATABASES\.STATE_DB\.id must be a whole number from 0 to 65535$/,
    ],
    [
      "a negative id",
      { INSTANCES, DATABASES: state({ id: -1 }) },
      /STATE_DB\.id must be a whole number from 0 to 65535$/,
    ],
    [
      "half an id",
      { INSTANCES, DATABASES: state({ id: 1.5 }) },
      /STATE_DB\.id must be a whole number from 0 to 65535$/,
    ],
    [
      "no hostname",
      { INSTANCES: redis({ hostname: null }), DATABASES },
      /^FILE: INSTANCES\.redis\.hostname must be a string$/,
    ],
    [
      "port 0",
      { INSTANCES: redis({ port: 0, unix_socket_path: "" }), DATABASES },
      /^FILE: INSTANCES\.redis\.port must be a whole number from 1 to 65535$/,
    ],
    [
      "port 65536",
      { INSTANCES: redis({ port: 65_536, unix_socket_path: "" }), DATABASES },
      /INSTANCES\.redis\.port must be a whole number from 1 to 65535$/,
    ],
    ["a list", [], /^FILE: not a JSON object$/],
    ["null", null, /^FILE: not a JSON object$/],
  ] as [string, Json, RegExp][]) {
    test(`readDatabaseConfig refuses ${what} and names file, key and what is allowed (rule 46)`, async () => {
      expect(await withFile(JSON.stringify(config), refusal(readDatabaseConfig))).toMatch(message);
    });
  }

  test("readDatabaseConfig does not look at the port of an instance that has a socket (rule 47)", async () => {
    const text = JSON.stringify({ INSTANCES: redis({ port: 0 }), DATABASES });
    const locations = await withFile(text, (file) => readDatabaseConfig(file));
    expect(locations.APPL_DB.address).toHaveProperty("path");
  });

  test("readDatabaseConfig refuses what is no JSON, and a file that is not there (rule 46)", async () => {
    expect(await withFile("{", refusal(readDatabaseConfig))).toMatch(/^FILE: .*JSON/);
    expect(await withFile("", refusal(readDatabaseConfig))).toMatch(/^FILE: .*JSON/);
    expect(refusal(readDatabaseConfig)("/nonexistent/database_config.json")).toMatch(/^FILE: ENOENT/);
  });

  test("readDatabaseConfig takes no member of Object.prototype for a database or an instance", async () => {
    const text = JSON.stringify({
      INSTANCES,
      DATABASES: { ...DATABASES, STATE_DB: { ...DATABASES.STATE_DB, instance: "constructor" } },
    });
    expect(await withFile(text, refusal(readDatabaseConfig))).toMatch(/^FILE: INSTANCES\.constructor is missing$/);
  });
});

describe("namespaceDatabaseConfig", () => {
  const INCLUDES = [
    { include: "../../redis/sonic-db/database_config.json" },
    { namespace: "asic0", include: "../../redis0/sonic-db/database_config.json" },
    { namespace: "asic1", include: "/elsewhere/database_config.json" },
    { namespace: "asic2" },
    { namespace: "", include: "x" },
    "rubbish",
  ];

  test("namespaceDatabaseConfig finds the file of a namespace, relative to the global one (rule 49)", async () => {
    const text = JSON.stringify({ INCLUDES, VERSION: "1.0" });
    await withFile(text, (file) => {
      const directory = file.slice(0, file.lastIndexOf("/"));
      const two = directory.split("/").slice(0, -2).join("/");
      expect(namespaceDatabaseConfig(file, "asic0")).toBe(`${two}/redis0/sonic-db/database_config.json`);
      expect(namespaceDatabaseConfig(file, "asic1")).toBe("/elsewhere/database_config.json");
    });
  });

  test("namespaceDatabaseConfig names the namespaces that there are when it finds none (rule 49)", async () => {
    const asic9 = refusal((file) => namespaceDatabaseConfig(file, "asic9"));
    expect(await withFile(JSON.stringify({ INCLUDES }), asic9)).toBe(
      'FILE: no namespace "asic9"; there are asic0, asic1, asic2',
    );
    expect(await withFile("{}", asic9)).toBe('FILE: no namespace "asic9"; there is none');
  });
});

describe("singleServer", () => {
  test("singleServer has the separators of swss-common (rule 30)", () => {
    const address = { path: "/run/redis.sock" };
    expect(singleServer(address, { APPL_DB: 10, CONFIG_DB: 14, STATE_DB: 16 })).toEqual({
      APPL_DB: { name: "APPL_DB", address, id: 10, separator: ":" },
      CONFIG_DB: { name: "CONFIG_DB", address, id: 14, separator: "|" },
      STATE_DB: { name: "STATE_DB", address, id: 16, separator: "|" },
    });
  });
});
