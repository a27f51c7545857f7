import { parseSocketAddress } from "../../src/config/socketaddress.ts";
import { HttpRig } from "./rig.ts";

// Tells, a line for each argument, what comes of listening on the addresses in it. Runs in a namespace of its own.
for (const words of process.argv.slice(2)) {
  const addresses = words.split(" ").map((text) => parseSocketAddress(text)!);
  await using rig = await HttpRig.start({ addresses });
  console.log(JSON.stringify(rig.server.facts));
}
