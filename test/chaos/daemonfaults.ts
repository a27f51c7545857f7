import { runChild } from "../support/child.ts";
import type { Daemon } from "../support/daemon.ts";
import type { Fault } from "./fault.ts";
import { RECEIVE_BUFFERS, type World } from "./world.ts";

const stopped: Fault = {
  name: "the daemon is stopped",
  kind: "daemon",
  possible: ({ runs }) => runs,
  begin: ({ daemon }) => unlessItEnds(daemon, daemon.freeze()),
  async end({ daemon }) {
    daemon.thaw();
  },
};

function restart(signal: "SIGKILL" | "SIGTERM"): Fault {
  return {
    name: `the daemon gets ${signal} and is started again later`,
    kind: "daemon",
    possible: mayRestart,
    begin: (world) => world.endDaemon(signal),
    end: (world) => world.startDaemon(),
  };
}

const warm: Fault = {
  name: "the daemon is restarted warm",
  kind: "daemon",
  possible: (world) => mayRestart(world) && !world.spoilt.has("server") && !world.spoilt.has("connection"),
  async begin(world) {
    await world.allowWarmStarts();
    await world.endDaemon("SIGTERM");
  },
  end: (world) => world.startDaemon(),
};

const anew: Fault = {
  name: "the daemon is killed and started again at once, with another receive buffer and writer",
  kind: "daemon",
  possible: mayRestart,
  async begin(world, random) {
    await world.endDaemon("SIGKILL");
    await world.startDaemon(random.pick(RECEIVE_BUFFERS), random.pick(world.writers));
  },
};

const noFiles: Fault = {
  name: "the daemon can open no files",
  kind: "daemon",
  possible: ({ runs, hasStarted }) => runs && hasStarted, // without any netlink socket it rightly does not start
  begin: (world) => limitFiles(world, 3),
  end: (world) => limitFiles(world, 1024),
};

/** A daemon that found an empty APPL_DB would rightly take the switch for one that starts, too. */
function mayRestart({ runs, isEmpty }: World): boolean {
  return runs && !isEmpty;
}

/** One that gives Redis up before it has begun may end at any time. */
async function unlessItEnds(daemon: Daemon, action: Promise<unknown>): Promise<void> {
  await action.catch(async (error: unknown) => {
    await daemon.exited(2).catch(() => {
      throw error;
    });
  });
}

function limitFiles({ daemon }: World, files: number): Promise<void> {
  return unlessItEnds(daemon, runChild(["prlimit", "--pid", `${daemon.pid}`, `--nofile=${files}:`]));
}

/** What befalls the daemon. */
export const DAEMON_FAULTS: readonly Fault[] = [
  stopped,
  stopped,
  stopped,
  restart("SIGKILL"),
  restart("SIGTERM"),
  warm,
  anew,
  noFiles,
];
