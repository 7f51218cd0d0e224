// Makes the compact region table that is compiled into the binary from ip2region's data file.
//
//   node scripts/make-region-table.mjs node_modules/ip2region/data/ip2region.db OUT
//
// In (ip2region v1): a super block with the first and last index offset (u32 LE each); index
// entries of 12 bytes (first IP, last IP, data offset in 24 bits with its length in the top 8); data: a
// u32 and the text 国家|区域|省份|城市|ISP. Out, little-endian: "MPR1", number of regions, number of
// ranges, the regions as NUL-ended "country\tprovince\tcity", padded to 4 bytes, then the ranges' first addresses (u32 each,
// ascending, the first is 0) and their regions (u16 each). A range ends where the next begins.
import { readFileSync, writeFileSync } from 'node:fs';

const [, , input, output] = process.argv;
const db = readFileSync(input);
const first = db.readUInt32LE(0);
const last = db.readUInt32LE(4);

const provinceEnding = /(省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)$/u;
const known = (text) => (text === undefined || text === '0' || text === '内网IP' ? '' : text);

function regionOf(text) {
  const [country, , province, city] = text.split('|').map(known);
  return [country ?? '', (province ?? '').replace(provinceEnding, ''), (city ?? '').replace(/市$/u, '')].join('\t');
}

const regions = new Map([['\t\t', 0]]);
const starts = [];
const indexes = [];
for (let at = first; at <= last; at += 12) {
  const pointer = db.readUInt32LE(at + 8);
  const offset = pointer & 0xffffff;
  const region = regionOf(db.toString('utf8', offset + 4, offset + (pointer >>> 24)));
  if (!regions.has(region)) regions.set(region, regions.size);
  const index = regions.get(region);
  if (indexes.at(-1) !== index) {
    starts.push(db.readUInt32LE(at));
    indexes.push(index);
  }
}
if (regions.size > 65536 || starts[0] !== 0) throw new Error('unexpected ip2region data');

const names = Buffer.from([...regions.keys()].join('\0') + '\0', 'utf8');
const padding = Buffer.alloc((4 - (names.length % 4)) % 4);
const head = Buffer.alloc(12);
head.write('MPR1', 0, 'latin1');
head.writeUInt32LE(regions.size, 4);
head.writeUInt32LE(starts.length, 8);
const ranges = Buffer.alloc(starts.length * 6);
starts.forEach((start, i) => ranges.writeUInt32LE(start, i * 4));
indexes.forEach((index, i) => ranges.writeUInt16LE(index, starts.length * 4 + i * 2));
writeFileSync(output, Buffer.concat([head, names, padding, ranges]));
console.log(`${starts.length} ranges, ${regions.size} regions`);
