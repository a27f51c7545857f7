import { join } from "node:path";

import * as fc from "fast-check";

import { Random } from "../simulation/random.ts";
import { BlockCoverage } from "./blockcoverage.ts";
import { bytesOf, CORPUS, formatDatagrams } from "./datagramcorpus.ts";
import type { Edit } from "./datagramedits.ts";

const ROOT = join(import.meta.dir, "../..");
const FILES = ["src/netlink/message.ts", "src/netlink/attribute.ts", "src/rtnetlink/link.ts"];
/** What of these files is executed for a datagram. */
const DECODER =
  "walkMessages align walkAttributes attributeU32 attributeText decodeLink interfaceName infoKind formatAddress".split(
    " ",
  );
/** Inputs between two looks at the coverage, each of which takes as long as ten inputs. */
const BATCH = 200;
const MOST_EDITS = 12;
const EDITS_AT_HAND = 20_000;

/** A golden datagram and what is done to it. */
interface Genome {
  readonly golden: Uint8Array;
  readonly edits: readonly Edit[];
}

/** What a guided run came to. */
export interface Guided {
  readonly inputs: number;
  /** How many inputs reached code that none before them had. */
  readonly kept: number;
  /** The code of the decoder that nothing reached. */
  readonly unreached: readonly string[];
  /** The datagram that was decoded wrongly, with the reason. */
  readonly failure: string | undefined;
}

/**
 * Decodes the corpus, and then odd datagrams until the time is over; those that reach code that none did before are made
 * odder still. The decoder is loaded in here, since only what is loaded after the coverage began is counted.
 */
export async function fuzzGuided(ms: number, seed: number): Promise<Guided> {
  const endMs = performance.now() + ms;
  const coverage = await BlockCoverage.open(FILES.map((file) => join(ROOT, file)));
  const { checkDecoding } = await import("./datagramchecks.ts");
  const { anyEdit, editDatagram, GOLDEN } = await import("./datagramedits.ts");
  const random = new Random(seed, "guided");
  const edits = fc.sample(anyEdit, { seed, numRuns: EDITS_AT_HAND });
  const kept: Genome[] = [];
  const result = (inputs: number, failure?: string): Guided => {
    return { inputs, kept: kept.length, unreached: coverage.unreached(DECODER), failure };
  };
  for (const { hex } of CORPUS) checkDecoding(bytesOf(hex));
  await coverage.take();
  let inputs = CORPUS.length;
  while (performance.now() < endMs) {
    const batch = Array.from({ length: BATCH }, () => breed(random, GOLDEN, kept, edits));
    for (const { golden, edits: own } of batch) {
      const datagram = editDatagram(golden, own);
      try {
        checkDecoding(datagram);
      } catch (error) {
        return result(inputs, `${(error as Error).stack}\n${formatDatagrams([datagram])}`);
      }
      inputs++;
    }
    if (!(await coverage.take())) continue;
    // It is not known which of the batch it was; all of them together are worth keeping.
    kept.push(...batch);
  }
  return result(inputs);
}

function breed(random: Random, golden: readonly Uint8Array[], kept: readonly Genome[], edits: readonly Edit[]): Genome {
  const parent = kept.length > 0 && random.chance(0.5) ? random.pick(kept) : { golden: random.pick(golden), edits: [] };
  const own = random.some(parent.edits, 0.9);
  for (let count = 1 + random.below(3); count > 0 && own.length < MOST_EDITS; count--) own.push(random.pick(edits));
  return { golden: parent.golden, edits: own };
}
