import type { Netdev } from "./netdev.ts";
import type { Oracle } from "./oracle.ts";
import type { RequestedKernel } from "./requestsocket.ts";
import type { Site } from "./site.ts";
import { Violation } from "./violation.ts";

/** What has a kernel. */
export interface RequestedSite extends Site {
  readonly oracle: Oracle;
  /** Lets the kernel go on. */
  preempt(): void;
}

/** The kernel as request sockets see it. */
export function requestedKernel(world: RequestedSite): RequestedKernel {
  const { kernel } = world;
  return {
    dump: (cursor, count) => dump(world, cursor, count),
    get baseSequence() {
      return kernel.baseSequence;
    },
    bringDown: (ifindex) => bringDown(world, ifindex),
    preempt: () => world.preempt(),
    now: () => world.scheduler.nowMs,
    tick: () => world.oracle.tick,
    onDumped: (askedTick) => world.oracle.onDumped(askedTick),
    onInterrupted: () => world.coverage.count("dump interrupted"),
  };
}

/**
 * Kernels since 6.10 go on after the last ifindex; older ones at a position in a list, so that they leave out a link
 * when an earlier one goes.
 */
function dump({ kernel, plan }: Site, cursor: number, count: number): { netdevs: Netdev[]; cursor: number } {
  const all = [...kernel.netdevs.values()];
  if (plan.settings.dumpsByPosition) return { netdevs: all.slice(cursor, cursor + count), cursor: cursor + count };
  const netdevs = all
    .filter(({ ifindex }) => ifindex > cursor)
    .sort((a, b) => a.ifindex - b.ifindex)
    .slice(0, count);
  return { netdevs, cursor: netdevs.at(-1)?.ifindex ?? cursor };
}

/** Only netdevs that are older than the process may be brought down (rule 8c), or what has the ifindex of one meanwhile. */
function bringDown(world: RequestedSite, ifindex: number): boolean {
  const netdev = world.kernel.netdevs.get(ifindex);
  if (!netdev) return false;
  world.coverage.count("check old only");
  const wasOld = [...world.oracle.record.old.keys()].some((old) => old.ifindex === ifindex);
  if (!wasOld) world.violate(new Violation("old only", `${netdev.name} is brought down`));
  world.kernel.change(netdev, { up: false });
  return true;
}
