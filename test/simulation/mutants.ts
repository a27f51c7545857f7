import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A bug put into the daemon, which the simulation has to find. */
export interface Mutant {
  readonly name: string;
  /** The file below src, and what is in the place of which text there. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Bugs that a daemon of this kind may have. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "a dump is applied over newer events",
    file: "rtnetlink/monitor.ts",
    find: "touched.has(link.ifindex)",
    replace: "false",
  },
  {
    name: "a loss counts as cured before the queue is empty",
    file: "rtnetlink/monitor.ts",
    find: "    this.#stale = true;\n",
    replace: "    this.#stale = true;\n    this.#onEmpty();\n",
  },
  {
    name: "a loss is not cured",
    file: "rtnetlink/intake.ts",
    find: 'this.#handlers.onLoss("overrun");',
    replace: "",
  },
  {
    name: "links that the dump does not have are kept",
    file: "rtnetlink/monitor.ts",
    find: "if (found.has(ifindex) || touched.has(ifindex)) continue;",
    replace: "continue;",
  },
  {
    name: "links that an interrupted dump does not have are deleted",
    file: "rtnetlink/monitor.ts",
    find: "if (!dump.interrupted && dump.undecoded === 0) {",
    replace: "if (dump.undecoded === 0) {",
  },
  {
    name: "a bridge's DELLINK counts as the end of its member",
    file: "rtnetlink/monitor.ts",
    find: "if (message.family === AF_BRIDGE) {",
    replace:
      'if (message.family === AF_BRIDGE && deleted) return this.#tellDel({ ...message, master: 0 }, "event");\n    if (message.family === AF_BRIDGE) {',
  },
  {
    name: "a rename leaves the old row",
    file: "port/linksync.ts",
    find: "if (before !== undefined && before !== link.name) this.#release(link.ifindex, before, cause);",
    replace: "if (before !== undefined && before !== link.name) this.#names.delete(link.ifindex);",
  },
  {
    name: "the end of a netdev removes the row that another has taken over",
    file: "port/linksync.ts",
    find: "if (this.#ports.get(name)?.ifindex !== ifindex) return;",
    replace: "",
  },
  {
    name: "old netdevs are published",
    file: "port/linksync.ts",
    find: "return this.#old.has(link.ifindex);",
    replace: "return false;",
  },
  {
    name: "a team is published",
    file: "port/linksync.ts",
    find: "if (link.kind === TEAM || !this.#rules.isPort(link.name)) return;",
    replace: "if (!this.#rules.isPort(link.name)) return;",
  },
  {
    name: "a removal is forgotten when the port comes back",
    file: "port/publisher.ts",
    find: "    this.#desired.set(name, state);\n",
    replace: "    this.#desired.set(name, state);\n    this.#removals.delete(name);\n",
  },
  {
    name: "a flush that was lost counts as acknowledged",
    file: "port/publisher.ts",
    find: "for (const change of changes) this.#again(change);",
    replace: "for (const { name, state } of changes) if (state) this.#published.set(name, state);",
  },
  {
    name: "a removal that was lost is not sent again",
    file: "port/publisher.ts",
    find: "if (change.remove) this.#removals.add(change.name);\n    this.#dirty.again",
    replace: "this.#dirty.again",
  },
  {
    name: "STATE_DB is not read back after a reconnect",
    file: "port/publisher.ts",
    find: "const names = [...this.#published.keys()];\n    if (names.length > 0) {",
    replace: "const names: string[] = [];\n    if (names.length > 0) {",
  },
  {
    name: "a refused row is not tried again",
    file: "port/refusals.ts",
    find: "this.#cancel ??=",
    replace: "if (Date.now() < 0) this.#cancel ??=",
  },
  {
    name: "a second flush does not wait for the first",
    file: "port/publisher.ts",
    find: "if (this.#inFlight || !this.#database) return;",
    replace: "if (!this.#database) return;",
  },
  {
    name: "the removal of a port that is being written is lost",
    file: "port/publisher.ts",
    find: 'this.#published.set(name, before === undefined || before === "unwritten" ? "unwritten" : "unknown");',
    replace: "this.#published.delete(name);",
  },
  {
    name: "PortInitDone does not wait for acknowledgements",
    file: "port/publisher.ts",
    find: "    return database.write(commands).then(\n",
    replace:
      "    this.#observer.onAcknowledged(changes.map(({ name }) => name));\n    return database.write(commands).then(\n",
  },
  {
    name: "PortInitDone is sent again",
    file: "port/portset.ts",
    find: "this.#done = true;",
    replace: "this.#done = false;",
  },
  {
    name: "a row that goes away is not noticed",
    file: "port/admission.ts",
    find: "this.#observer.revoke(name);",
    replace: "",
  },
  {
    name: "a row that comes is not noticed",
    file: "port/admission.ts",
    find: "this.#admitted.add(name);\n      this.#observer.admit(name);",
    replace: "this.#admitted.add(name);",
  },
  {
    name: "rows are read before their changes are heard of",
    file: "port/admission.ts",
    find: "this.#touched?.add(name);",
    replace: "",
  },
  {
    name: "an answer about a row counts although a newer one is awaited",
    file: "port/admission.ts",
    find: "if (this.#looks.get(name) !== look) return;",
    replace: "",
  },
  {
    name: "four fields are two commands",
    file: "port/statetable.ts",
    find: 'if (state) commands.push(["HSET", key, ...formatState(state)]);',
    replace:
      'if (state) commands.push(["HSET", key, ...formatState(state).slice(0, 4)], ["HSET", key, ...formatState(state).slice(4)]);',
  },
];

/** What became of a mutant. */
export interface MutantOutcome {
  readonly mutant: Mutant;
  readonly found: boolean;
  /** What the simulation said. */
  readonly text: string;
}

const ROOT = join(import.meta.dir, "../..");

/** Puts the bug into a copy of the daemon and runs the simulation on that. */
export async function tryMutant(mutant: Mutant, seeds: number, from = 1): Promise<MutantOutcome> {
  const directory = await mkdtemp(join(tmpdir(), "portsyncd-mutant-"));
  try {
    for (const name of ["src", "ffi", "test/simulation"])
      await cp(join(ROOT, name), join(directory, name), { recursive: true });
    for (const name of ["package.json", "tsconfig.json", "bunfig.toml"])
      await cp(join(ROOT, name), join(directory, name), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(directory, "node_modules"));
    const file = join(directory, "src", mutant.file);
    const text = await Bun.file(file).text();
    if (!text.includes(mutant.find)) throw new RangeError(`${mutant.file} does not have ${mutant.find}`);
    await Bun.write(
      file,
      text.replace(mutant.find, () => mutant.replace),
    );
    const args = ["test/simulation/run.ts", "--as-job", "--from", String(from), "--seeds", String(seeds)];
    const child = Bun.spawn([process.execPath, ...args], { cwd: directory, stdout: "pipe", stderr: "pipe" });
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    if ((await child.exited) !== 0) return { mutant, found: true, text: err.trim() };
    const { failure, seeds: ran } = JSON.parse(out) as { failure?: { message: string }; seeds: number };
    return { mutant, found: failure !== undefined, text: `${ran} seeds: ${failure?.message ?? "nothing found"}` };
  } finally {
    await rm(directory, { recursive: true });
  }
}

if (import.meta.main) {
  const seeds = Number(process.argv[2] ?? 3000);
  let missed = 0;
  for (const mutant of MUTANTS) {
    const { found, text } = await tryMutant(mutant, seeds);
    if (!found) missed++;
    console.log(`${found ? "found " : "MISSED"} ${mutant.name}: ${text.split("\n", 1)[0]}`);
  }
  process.exitCode = missed > 0 ? 1 : 0;
}
