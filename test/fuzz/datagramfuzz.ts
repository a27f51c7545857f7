import * as fc from "fast-check";

import { checkDecoding, checkDump, checkIntake, checkMonitor } from "./datagramchecks.ts";
import { formatDatagrams } from "./datagramcorpus.ts";
import { oddDatagrams } from "./datagramedits.ts";
import type { Property } from "./property.ts";

type Datagram = Uint8Array<ArrayBuffer>;

const several = fc.array(oddDatagrams, { minLength: 1, maxLength: 6 });

function ofSeveral(check: (datagrams: readonly Datagram[]) => void | Promise<void>): Property<Datagram[]> {
  return { inputs: several, check, show: formatDatagrams };
}

/** walkMessages and decodeLink. */
export const decodingProperty: Property<Datagram> = {
  inputs: oddDatagrams,
  check: checkDecoding,
  show: (datagram) => formatDatagrams([datagram]),
};

/** LinkIntake. */
export const intakeProperty = ofSeveral(checkIntake);

/** LinkMonitor. */
export const monitorProperty = ofSeveral(checkMonitor);

/** dumpLinks. */
export const dumpProperty = ofSeveral(checkDump);
