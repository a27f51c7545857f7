import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { Series } from "../../src/trend/series.ts";

test("Series keeps the newest points in the order of their times, as a list that is cut does", () => {
  const pushes = fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: -5, max: 5 })));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), pushes, fc.nat(1000), (capacity, points, since) => {
      const series = new Series(capacity);
      let model: { ms: number; value: number }[] = [];
      for (const [ms, value] of points) {
        const fits = model.length === 0 || ms > model.at(-1)!.ms;
        expect(series.push(ms, value)).toBe(fits);
        if (fits) model = [...model, { ms, value }].slice(-capacity);
      }
      expect(series.points()).toEqual(model);
      expect(series.points(since)).toEqual(model.filter(({ ms }) => ms >= since));
      expect(series.last).toEqual(model.at(-1));
      expect(series.length).toBe(model.length);
    }),
  );
});

test("Series takes fractions of milliseconds, and passes over what is no number", () => {
  const series = new Series(3);
  expect(series.push(0.5, 1)).toBe(true);
  expect(series.push(0.75, 2)).toBe(true);
  for (const [ms, value] of [
    [1, NaN],
    [1, Infinity],
    [NaN, 1],
    [0.75, 3],
    [0.5, 3],
  ] as const)
    expect(series.push(ms, value)).toBe(false);
  expect(series.points()).toEqual([
    { ms: 0.5, value: 1 },
    { ms: 0.75, value: 2 },
  ]);
});
