import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { MaxWindow } from "../../src/util/maxwindow.ts";

test("MaxWindow is the largest of what was seen within the window, and undefined when nothing was", () => {
  const window = new MaxWindow(1000);
  expect(window.max(0)).toBeUndefined();
  window.add(0, 5);
  window.add(400, 3);
  expect(window.max(999)).toBe(5);
  expect(window.max(1000)).toBe(3);
  expect(window.max(1400)).toBeUndefined();
});

test("MaxWindow says the same as looking through all that was seen", () => {
  const steps = fc.array(fc.record({ ms: fc.nat(400), value: fc.integer({ min: -5, max: 5 }) }));
  const property = fc.property(steps, (taken) => {
    const window = new MaxWindow(1000);
    const seen: [ms: number, value: number][] = [];
    let ms = 0;
    for (const step of taken) {
      ms += step.ms;
      seen.push([ms, step.value]);
      window.add(ms, step.value);
      const now = ms;
      const recent = seen.filter(([at]) => at > now - 1000).map(([, value]) => value);
      expect(window.max(now)).toBe(Math.max(...recent));
    }
  });
  fc.assert(property);
});
