import { expect, test } from 'vitest';
import { exact, percent, short, signedPercent, tick } from '@/lib/numbers';

test('large figures are short in the way of the language', () => {
  expect(short(1_234_567, 'count', 'zh-CN')).toBe('123.5万');
  expect(short(250_000_000, 'count', 'zh-CN')).toBe('2.5亿');
  expect(short(1_234_567, 'count', 'en')).toBe('1.2M');
  expect(short(123_456, 'yuan', 'en')).toBe('¥123.5K');
  expect(short(99_999, 'users', 'en')).toBe('99,999');
});

test('nothing is a dash, never 0', () => {
  expect(exact(null, 'ratio', 'en')).toBe('–');
  expect(short(undefined, 'count', 'zh-CN')).toBe('–');
  expect(signedPercent(null, 'en')).toBe('–');
});

test('durations are read in hours, minutes and seconds', () => {
  expect(exact(27.64, 'seconds', 'zh-CN')).toBe('27.6秒');
  expect(exact(93.4, 'seconds', 'zh-CN')).toBe('1分33秒');
  expect(exact(93.4, 'seconds', 'en')).toBe('1m 33s');
  expect(exact(3725, 'seconds', 'en')).toBe('1h 2m 5s');
  expect(exact(119.7, 'seconds', 'en')).toBe('2m 0s');
});

test('money has two decimals, a ratio is a percentage', () => {
  expect(exact(7984.7, 'yuan', 'zh-CN')).toBe('¥7,984.70');
  expect(exact(0.0371, 'ratio', 'en')).toBe('3.7%');
  expect(percent(1, 'en')).toBe('100.0%');
});

test('a change bears its sign', () => {
  expect(signedPercent(0.123, 'en')).toBe('+12.3%');
  expect(signedPercent(-0.5, 'en')).toBe('-50.0%');
  expect(signedPercent(0, 'en')).toBe('0.0%');
});

test('ticks are as short as can be', () => {
  expect(tick(12_000, 'count', 'zh-CN')).toBe('1.2万');
  expect(tick(0.25, 'ratio', 'en')).toBe('25%');
});
