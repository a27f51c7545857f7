import { Database } from "./database.ts";
import { KeyspaceRecorder } from "./keyspace.ts";
import type { SonicDb } from "./sonicdb.ts";

// consumer_state_table_pops.lua (contract rule 38): each pending row moves over; a deleted one is cleared first.
const POP = `
local popped = {}
for _, port in ipairs(redis.call('SPOP', KEYS[1], ARGV[1])) do
  local row, pending = KEYS[2] .. port, '_' .. KEYS[2] .. port
  if redis.call('SREM', KEYS[3], port) == 1 then redis.call('DEL', row) end
  local fields = redis.call('HGETALL', pending)
  for i = 1, #fields, 2 do redis.call('HSET', row, fields[i], fields[i + 1]) end
  redis.call('DEL', pending)
  popped[#popped + 1] = port
end
return popped`;

/** Pops pending rows of APPL_DB PORT_TABLE once, as a ConsumerStateTable does; returns their names in the order popped. */
export async function popPorts(appl: Database, batch = 1024): Promise<string[]> {
  const keys = ["PORT_TABLE_KEY_SET", "PORT_TABLE:", "PORT_TABLE_DEL_SET"];
  return [...((await appl.eval(POP, keys, [`${batch}`])) as readonly string[])];
}

/** What orchagent does with a popped row: `PortConfigDone`, `PortInitDone` or a port, whose netdev it would make now. */
export type PopListener = (name: string) => void;

/** A stand-in for orchagent: answers every PUBLISH on PORT_TABLE_CHANNEL with a pop. */
export class Orchagent implements AsyncDisposable {
  /** Names in the order popped. */
  readonly popped: string[] = [];
  readonly #appl: Database;
  readonly #channel: KeyspaceRecorder;
  readonly #onPop: PopListener;
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  #busy: Promise<void> = Promise.resolve();

  private constructor(appl: Database, channel: KeyspaceRecorder, onPop: PopListener) {
    this.#appl = appl;
    this.#channel = channel;
    this.#onPop = onPop;
  }

  /** Subscribes, pops what is pending, and goes on popping until it is disposed of. */
  static async follow(db: SonicDb, onPop: PopListener = () => {}): Promise<Orchagent> {
    const { socketPath } = db.server("APPL_DB");
    const { id } = db.databases.APPL_DB;
    const channel = await KeyspaceRecorder.open(socketPath, { channels: [`PORT_TABLE_CHANNEL@${id}`] });
    const orchagent = new Orchagent(await Database.open(socketPath, id), channel, onPop);
    channel.on(() => orchagent.#wake());
    orchagent.#wake();
    await orchagent.#busy;
    return orchagent;
  }

  /** Waits until a row was popped. */
  async waitFor(name: string, seconds = 10): Promise<void> {
    if (this.popped.includes(name)) return;
    const popped = Promise.withResolvers<void>();
    const deadline = setTimeout(
      () =>
        popped.reject(
          new Error(`no ${name} popped within ${seconds} s; popped: ${this.popped.join(" ") || "nothing"}`),
        ),
      seconds * 1000,
    );
    this.#waiting.set(name, popped);
    try {
      await popped.promise;
    } finally {
      clearTimeout(deadline);
      this.#waiting.delete(name);
    }
  }

  #wake(): void {
    this.#busy = this.#busy.then(() => this.#pop());
  }

  async #pop(): Promise<void> {
    // A server that was killed ends the stand-in quietly; the test that killed it follows anew.
    for (const name of await popPorts(this.#appl).catch(() => [])) {
      this.popped.push(name);
      this.#onPop(name);
      this.#waiting.get(name)?.resolve();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#channel[Symbol.dispose]();
    await this.#busy;
    this.#appl[Symbol.dispose]();
  }
}
