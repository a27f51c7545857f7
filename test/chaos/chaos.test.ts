import { canUseFaultBed } from "../faults/faultbed.ts";
import { all, needsCommands } from "../support/requirement.ts";
import { testWith } from "../support/testwith.ts";
import { formatReport, runChaos } from "./chaos.ts";

const SECONDS = 30;
const PORTS = 48;
const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;

testWith(
  all(canUseFaultBed, needsCommands("prlimit")),
  "Reconciler makes STATE_DB equal to the kernel after everything that can go wrong at once",
  async () => console.log(formatReport(await runChaos({ seed, seconds: SECONDS, ports: PORTS }))),
  SECONDS + 60,
);
