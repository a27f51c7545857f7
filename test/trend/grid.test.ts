import { expect, test } from "bun:test";

import { centred, lagged, layOnGrid, products } from "../../src/trend/grid.ts";

const at = (...times: number[]): { ms: number; value: number }[] => times.map((ms) => ({ ms, value: ms + 1 }));

test("layOnGrid puts each point to the nearest step of the usual distance, and leaves gaps empty", () => {
  const { stepMs, values, steps } = layOnGrid(at(1000, 2010, 2990, 4000, 6020, 7000))!;
  expect(stepMs).toBe(1010);
  expect(steps).toEqual([0, 1, 2, 3, 5, 6]);
  expect([...values]).toEqual([1001, 2011, 2991, 4001, NaN, 6021, 7001]);
});

test("layOnGrid averages the points of a step", () => {
  const { values, steps } = layOnGrid(at(0, 1000, 1400, 2000, 3000, 4000))!;
  expect(steps).toEqual([0, 1, 1, 2, 3, 4]);
  expect(values[1]).toBe((1001 + 1401) / 2);
});

test("layOnGrid gives up when more than a third would be empty, or there are fewer than three points", () => {
  expect(layOnGrid(at(0, 1, 2, 3, 5, 7, 8, 9, 10))!.values.length).toBe(11);
  expect(layOnGrid(at(0, 1, 2, 3, 4, 5, 9))).toBeDefined();
  expect(layOnGrid(at(0, 1, 2, 3, 4, 5, 10))).toBeUndefined();
  // Nine points, but only seven of the thirteen steps have any.
  expect(layOnGrid(at(0, 1, 2, 3, 4, 5, 5.1, 5.2, 12))).toBeUndefined();
  expect(layOnGrid(at(0, 1))).toBeUndefined();
  expect(layOnGrid([])).toBeUndefined();
});

test("layOnGrid does not take a long silence for steps, however long it is", () => {
  expect(layOnGrid(at(0, 1, 2, 1e15))).toBeUndefined();
});

test("centred, lagged and products pass over what is empty", () => {
  const values = Float64Array.of(1, NaN, 3, 8);
  expect([...centred(values)]).toEqual([-3, NaN, -1, 4]);
  expect([...lagged(Float64Array.of(1, 2, 4, 8), 2, 0.5)]).toEqual([NaN, NaN, 3.5, 7]);
  expect(products(values, 0)).toEqual({ pairs: 3, sum: 74, squares: 1 + 81 + 4096 });
  expect(products(values, 1)).toEqual({ pairs: 1, sum: 24, squares: 576 });
  expect(products(values, 3)).toEqual({ pairs: 1, sum: 8, squares: 64 });
});
