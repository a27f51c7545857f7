import { type Database, isWrongType } from "./database.ts";
import { CFG_LOGGER_TABLE, LOGLEVEL, LOGOUTPUT, PORTSYNCD } from "./schema.ts";
import { Table } from "./table.ts";

/** What LOGGER|portsyncd says; the values are as found, checked by who uses them. */
export interface LoggerSettings {
  readonly level: string;
  readonly output: string;
}

const DEFAULTS: LoggerSettings = { level: "NOTICE", output: "SYSLOG" };

/**
 * Reads LOGGER|portsyncd and tells `apply` of it, now and whenever it changes, as Logger::linkToDb (rule 58).
 * If a field is missing, both are written. Throws ReplyError, DatabaseLostError.
 */
export async function followLogger(config: Database, apply: (settings: LoggerSettings) => void): Promise<void> {
  const table = new Table(config, CFG_LOGGER_TABLE);
  const read = async () => {
    const level = await table.hget(PORTSYNCD, LOGLEVEL);
    const output = await table.hget(PORTSYNCD, LOGOUTPUT);
    return { level, output };
  };
  await config.psubscribe(`__keyspace@${config.id}__:${table.key(PORTSYNCD)}`, () => {
    read().then(
      ({ level, output }) => apply({ level: level ?? DEFAULTS.level, output: output ?? DEFAULTS.output }),
      () => {}, // a lost database is read again when it is back; a row of the wrong type changes nothing
    );
  });
  try {
    const { level, output } = await read();
    const settings = { level: level ?? DEFAULTS.level, output: output ?? DEFAULTS.output };
    if (level === undefined || output === undefined) {
      await table.set(PORTSYNCD, { [LOGLEVEL]: settings.level, [LOGOUTPUT]: settings.output });
    }
    apply(settings);
  } catch (error) {
    if (!isWrongType(error)) throw error;
    apply(DEFAULTS);
  }
}
