import { TempDir } from "../support/tempdir.ts";
import { configProperty } from "./configchecks.ts";
import { connectorProperty } from "./connectorfuzz.ts";
import { ConnectorVictim } from "./connectorvictim.ts";
import { CorruptedSwitch, runningProperty, startProperty } from "./corruptedswitch.ts";
import { recoveryProperty } from "./damagechecks.ts";
import { makeStore } from "./damagedstore.ts";
import { decodingProperty, dumpProperty, intakeProperty, monitorProperty } from "./datagramfuzz.ts";
import { type Property, type Trial, type Tried, tryProperty } from "./property.ts";

/** Tries what was made ready. */
export type Fuzz = (trial: Trial) => Promise<Tried>;

function fuzz<Input>(property: Property<Input>): Fuzz {
  return (trial) => tryProperty(property, trial);
}

/** What can be fuzzed, by name; each makes ready what it needs, and leaves it to the stack to take it away again. */
export const TARGETS: Readonly<Record<string, (owned: AsyncDisposableStack) => Promise<Fuzz>>> = {
  decoding: async () => fuzz(decodingProperty),
  intake: async () => fuzz(intakeProperty),
  monitor: async () => fuzz(monitorProperty),
  dump: async () => fuzz(dumpProperty),
  connector: async (owned) => {
    const { path } = owned.use(new TempDir());
    return fuzz(connectorProperty(owned.use(new ConnectorVictim(path))));
  },
  daemon: async (owned) => {
    const box = owned.use(await CorruptedSwitch.open());
    const daemon = await box.start();
    await box.bringUp(daemon);
    return fuzz(runningProperty(box, daemon));
  },
  start: async (owned) => fuzz(startProperty(owned.use(await CorruptedSwitch.open()))),
  config: async (owned) => fuzz(configProperty(owned.use(new TempDir()).file("portsyncd.conf"))),
  store: async (owned) => {
    const store = owned.use(new TempDir()).file("store");
    makeStore(store);
    return fuzz(recoveryProperty(store));
  },
};
