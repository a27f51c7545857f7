import { existsSync } from "node:fs";

import type { Config } from "../config/schema.ts";
import { getLog } from "../log/logger.ts";
import type { ConnectorFactory } from "../swss/databases.ts";
import {
  type DatabaseLocations,
  namespaceDatabaseConfig,
  readDatabaseConfig,
  type RedisAddress,
  singleServer,
} from "../swss/dbconfig.ts";
import { DBConnector } from "../swss/dbconnector.ts";
import { MemoryDatabase } from "../swss/memorydatabase.ts";
import { STATE_DB } from "../swss/schema.ts";
import { systemClock } from "../util/clock.ts";
import type { StoreChoice } from "./parse.ts";

const log = getLog("databases");

/** Makes the connectors to the databases that the configuration names. Throws DatabaseConfigError. */
export function openDatabases(config: Config, store: StoreChoice = "redis"): ConnectorFactory {
  const locations = store === "redis" ? locate(config) : locateByNumber(config);
  if (store === "memory") {
    return (name, handlers) => {
      const { id, separator } = locations[name];
      return new MemoryDatabase(name, id, separator).connector(handlers);
    };
  }
  const { connection_timeout_secs, retry_interval_secs } = config.database;
  const connectMs = connection_timeout_secs * 1000;
  const shared = { connectMs, answerMs: 2 * connectMs, retryMs: retry_interval_secs * 1000 };
  return (name, handlers) => {
    const writer = name === STATE_DB ? config.performance.writer : "node-redis";
    return new DBConnector(locations[name], systemClock, { ...shared, writer }, handlers);
  };
}

function locate(config: Config): DatabaseLocations {
  const { sonic_db_config, sonic_db_global_config } = config.database;
  if (config.namespace !== "") {
    return readDatabaseConfig(namespaceDatabaseConfig(sonic_db_global_config, config.namespace));
  }
  if (existsSync(sonic_db_config)) return readDatabaseConfig(sonic_db_config);
  const { redis_socket, redis_host, redis_port } = config.database;
  const where = redis_socket || `${redis_host}:${redis_port}`;
  // On a switch the file is always there; that it is not may mean that this started too early, or somewhere else.
  log[config.mode === "sonic" ? "warn" : "info"]("{file} does not exist; Redis at {where} is used", {
    file: sonic_db_config,
    where,
  });
  return locateByNumber(config);
}

function locateByNumber({ database }: Config): DatabaseLocations {
  const { redis_socket, redis_host, redis_port, appl_db_number, config_db_number, state_db_number } = database;
  const address: RedisAddress = redis_socket ? { path: redis_socket } : { host: redis_host, port: redis_port };
  return singleServer(address, { APPL_DB: appl_db_number, CONFIG_DB: config_db_number, STATE_DB: state_db_number });
}
