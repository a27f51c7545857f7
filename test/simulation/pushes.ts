import { APPL_DB, type DatabaseName, PORT_CONFIG_DONE, PORT_INIT_DONE } from "../../src/swss/schema.ts";
import type { Command } from "./commands.ts";
import type { ProcessRecord } from "./record.ts";
import { LAYOUT, PENDING_SET, pendingKey } from "./server.ts";

const CHANNEL = `PORT_TABLE_CHANNEL@${LAYOUT[APPL_DB].id}`;

/** Takes what must hold, by the name of the invariant, and what is wrong when it does not. */
export type Expect = (invariant: string, holds: unknown, message: () => string) => void;

/** Checks a row that is handed to orchagent: only ports of CONFIG_DB, PortConfigDone and, when it is due, PortInitDone. */
export function checkPush(record: ProcessRecord, database: DatabaseName, command: Command, expect: Expect): void {
  const [, , count, channel, set, pending, payload, name = "", ...values] = command;
  const frame =
    [count, channel, set, pending, payload].join() === ["3", CHANNEL, PENDING_SET, pendingKey(name), "G"].join();
  expect("keys", frame && database === APPL_DB, () => `${database} ${command.join(" ")}`);
  if (name === PORT_CONFIG_DONE) record.configDone = "sent";
  if (name === PORT_INIT_DONE) return checkInitDone(record, values, expect);
  if (name === PORT_CONFIG_DONE) {
    const right = values.join() === `count,${record.configPorts.size}`;
    return expect("keys", right, () => `PortConfigDone ${values.join(" ")} for ${record.configPorts.size} ports`);
  }
  expect("keys", record.configPorts.has(name), () => `${name} is pushed, but CONFIG_DB does not have it`);
  record.pushedPorts = true;
}

function checkInitDone(record: ProcessRecord, values: Command, expect: Expect): void {
  expect("keys", values.join() === "lanes,0", () => `PortInitDone ${values.join(" ")}`);
  expect("PortInitDone once", record.initDone !== "done", () => "it is sent again");
  // A start that pushes nothing is not cold, of which onStarted() makes sure.
  const isCold = record.configDone !== "no";
  expect("PortInitDone last", record.configDone !== "sent", () => "before PortConfigDone was acknowledged");
  for (const port of record.configPorts) {
    if (record.confirmed.has(port) || (isCold && record.consumed.has(port))) continue;
    expect("PortInitDone complete", false, () => `${port} was not acknowledged`);
  }
  record.initDone = "sent";
}
