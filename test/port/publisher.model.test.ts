import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { Publisher } from "../../src/port/publisher.ts";
import { type Reply, ReplyError } from "../../src/swss/database.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { ScriptedDatabase, settle } from "./scripteddatabase.ts";

const NAMES = ["Ethernet0", "Ethernet4", "Ethernet8"] as const;
const PREFIX = "PORT_TABLE|";

const KINDS = ["set", "remove", "freeze", "refuse", "relent", "flush", "answer", "connect", "retry", "lose"] as const;

interface Step {
  readonly kind: (typeof KINDS)[number];
  readonly name: string;
  /** How much of a lost flush reached Redis. */
  readonly carriedOut: number;
}

const WEIGHTS: Partial<Record<Step["kind"], number>> = { set: 6, remove: 3, freeze: 2, flush: 3, answer: 3 };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.oneof(...KINDS.map((kind) => ({ weight: WEIGHTS[kind] ?? 1, arbitrary: fc.constant(kind) }))),
    name: fc.constantFrom(...NAMES),
    carriedOut: fc.integer({ min: 0, max: 4 }),
  }),
  { maxLength: 50, size: "max" },
);

/** STATE_DB in so far as the publisher uses it; it objects to what a reader would be misled by. */
class StateDb {
  readonly rows = new Map<string, Map<string, string>>();
  readonly refused = new Set<string>();
  /** Which netdev a row is of; a row that passes from one to the next without a DEL has swallowed it. */
  readonly owners = new Map<string, number>();

  carryOut([verb, key, ...words]: readonly string[], lives: ReadonlyMap<string, number>): Reply | ReplyError {
    const name = key!.slice(PREFIX.length);
    if (this.refused.has(name)) return new ReplyError("WRONGTYPE");
    const row = this.rows.get(name);
    if (verb === "HMGET") return words.map((field) => row?.get(field) ?? null);
    if (verb === "DEL") {
      this.owners.delete(name);
      return this.rows.delete(name) ? 1 : 0;
    }
    const fields = Object.fromEntries(
      words.map((word, i) => [word, words[i + 1]!]).filter((_, i) => i % 2 === 0),
    ) as Record<string, string>;
    const life = Math.floor(Number(fields["mtu"]) / 1000);
    if (life > lives.get(name)!) throw new Error(`${name}: a state from the future`);
    if (row && this.owners.get(name) !== life) throw new Error(`${name}: the DEL of its former netdev was swallowed`);
    this.rows.set(name, new Map(Object.entries(fields)));
    this.owners.set(name, life);
    return 0;
  }
}

/** The publisher, a STATE_DB, and what the kernel is supposed to have said. */
class World {
  readonly clock = new FakeClock();
  readonly state = new StateDb();
  readonly desired = new Map<string, number>();
  readonly frozen = new Set<string>();
  readonly lives = new Map<string, number>(NAMES.map((name) => [name, 1]));
  readonly publisher = new Publisher(this.clock, { onAcknowledged: () => {}, onTransition: () => {} });
  #database = new ScriptedDatabase();
  #mtu = 0;
  #connected = false;

  async take(step: Step): Promise<void> {
    if (step.kind === "set") this.set(step.name);
    else if (step.kind === "remove") this.remove(step.name);
    else if (step.kind === "freeze") this.freeze(step.name);
    else if (step.kind === "refuse") this.state.refused.add(step.name);
    else if (step.kind === "relent") this.state.refused.delete(step.name);
    else if (step.kind === "flush") this.publisher.flush();
    else if (step.kind === "answer") await this.answer();
    else if (step.kind === "connect") await this.connect();
    else if (step.kind === "retry") this.clock.advance(5000);
    else await this.lose(step.carriedOut);
    expect(this.#database.pending.length).toBeLessThanOrEqual(1);
  }

  set(name: string): void {
    const mtu = this.lives.get(name)! * 1000 + (++this.#mtu % 3);
    this.desired.set(name, mtu);
    this.frozen.delete(name);
    this.publisher.set(name, { admin: true, oper: true, mtu }, "event");
  }

  remove(name: string): void {
    if (!this.desired.delete(name) && !this.frozen.delete(name)) return;
    this.frozen.delete(name);
    this.lives.set(name, this.lives.get(name)! + 1);
    this.publisher.remove(name, "event");
  }

  freeze(name: string): void {
    if (!this.desired.delete(name)) return;
    this.frozen.add(name);
    this.publisher.freeze(name);
  }

  async answer(): Promise<void> {
    const batch = this.#database.pending.shift();
    if (!batch) return;
    for (const name of NAMES) {
      const verbs = batch.commands.filter(([, key]) => key === PREFIX + name).map(([verb]) => verb);
      expect(["", "HSET", "DEL", "DEL HSET", "HMGET"]).toContain(verbs.join(" "));
    }
    await batch.answer(...batch.commands.map((command) => this.state.carryOut(command, this.lives)));
  }

  async lose(carriedOut: number): Promise<void> {
    const batch = this.#database.pending.shift();
    this.#connected = false;
    for (const command of batch?.commands.slice(0, carriedOut) ?? []) this.state.carryOut(command, this.lives);
    await batch?.lose();
    this.publisher.disconnect();
  }

  async connect(): Promise<void> {
    if (this.#connected) return;
    this.#connected = true;
    this.#database = new ScriptedDatabase();
    void this.publisher.connect(this.#database).catch(() => {});
    await settle();
  }

  /** Everything works again, for long enough. */
  async recover(): Promise<void> {
    this.state.refused.clear();
    await this.connect();
    this.publisher.flush();
    for (let i = 0; i < 8; i++) {
      while (this.#database.pending.length > 0) await this.answer();
      this.clock.advance(5000);
      await settle();
    }
  }
}

test("Publisher makes STATE_DB say what was last said, whatever is lost or refused on the way, and swallows no DEL", async () => {
  let written = 0;
  const property = fc.asyncProperty(steps, async (taken) => {
    const world = new World();
    await world.connect();
    for (const step of taken) await world.take(step);
    await world.recover();
    for (const name of NAMES) {
      const row = world.state.rows.get(name);
      const mtu = world.desired.get(name);
      if (world.frozen.has(name)) continue; // whatever was there when it was frozen
      expect(row && Object.fromEntries(row)).toEqual(
        mtu === undefined ? undefined : { state: "ok", netdev_oper_status: "up", admin_status: "up", mtu: `${mtu}` },
      );
    }
    expect(world.publisher.pendingCount).toBe(0);
    written += world.publisher.counters.sets;
  });
  await fc.assert(property, { numRuns: 1000 });
  expect(written).toBeGreaterThan(1000);
});
