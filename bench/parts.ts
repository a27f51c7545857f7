// bun bench/parts.ts DATABASE_CONFIG PORTS|kernel    what scale.ts measures events and audits with; does what its stdin says
import { kernelSource } from "../src/rtnetlink/source.ts";
import { portNames } from "../test/support/links.ts";
import { EncodedKernel, encodePort } from "./encodedkernel.ts";
import { processCpuMs } from "./libc.ts";
import { openReconciler } from "./reconciler.ts";

/** An odd number: so far apart are ports that change one after the other. */
const STRIDE = 7919;
const FIRST_MTU = 1600;
const MTUS = 7000;

/** What an answer says: wall-clock time, and CPU time of the process, in milliseconds. */
export interface PartsAnswer {
  readonly ms: number;
  readonly cpuMs: number;
}

async function timed(work: () => Promise<void>): Promise<PartsAnswer> {
  const cpuMs = processCpuMs(process.pid);
  const startMs = performance.now();
  await work();
  return { ms: performance.now() - startMs, cpuMs: processCpuMs(process.pid) - cpuMs };
}

async function main(databaseConfig: string, source: string): Promise<void> {
  const names = source === "kernel" ? [] : portNames(Number(source));
  const kernel = source === "kernel" ? undefined : new EncodedKernel(names);
  const reconciler = openReconciler(databaseConfig, kernel ?? kernelSource());
  const tell = (answer: PartsAnswer) => console.log(JSON.stringify(answer));
  let told = 0;
  /** Changes ports one by one; each is written and acknowledged before the next. */
  const change = (count: number): Promise<PartsAnswer> => {
    const changes = Array.from({ length: count }, () => {
      const port = (told++ * STRIDE) % names.length;
      return { port, message: encodePort(names[port]!, port + 1, FIRST_MTU + (told % MTUS)) };
    });
    return timed(async () => {
      for (const { port, message } of changes) {
        kernel!.tell(port, message);
        await reconciler.publisher.caughtUp();
      }
    });
  };
  tell(await timed(async () => void (await reconciler.start())));
  for await (const line of console) {
    const [verb, count] = line.split(" ");
    tell(verb === "audit" ? await timed(() => reconciler.audit!.run()) : await change(Number(count)));
  }
  await reconciler.close();
}

if (import.meta.main) {
  await main(process.argv[2]!, process.argv[3]!);
  process.exit();
}
