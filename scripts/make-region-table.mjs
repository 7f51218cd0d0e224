// Makes the region table that is compiled into the binary (src/collect/region_table.c reads it).
//
//   node scripts/make-region-table.mjs FOLDER OUT
//
// FOLDER holds the two data files of npm's ip2region: ip2region.db (IPv4) and ipv6wry.db (IPv6).
// Regions of China are kept to the city, others to the country; providers are dropped, names are
// shortened as Weixin shows them (广东, 深圳), and neighbouring ranges of one region are merged.
//
// OUT, all numbers little-endian:
//   "MPR2", then u32: number of regions, bytes of names, IPv4 ranges, IPv6 ranges
//   names: "country\tprovince\tcity\0" for each region, the first is "\t\t\0"
//   u32[65537]   for each upper half of an IPv4 address, how many ranges begin before it
//   u16[IPv4]    lower half of each range's first address
//   u16[IPv4]    its region
//   u32[IPv6]    bits 0–31 of each range's first address
//   u16[IPv6]    bits 32–47
//   u16[IPv6]    its region
// A range ends where the next one begins; the first one begins at 0.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const REGIONS_MAX = 65535;

// Names that stand for no country: registries' leftovers, reserved and tunnel addresses.
const NO_COUNTRY = /地区$|^IANA|地址$|^(?:全球|非洲|欧洲|大中华区|局域网|内网IP|0|)$/u;
// The IPv6 file's names where the IPv4 file has another.
const SAME_COUNTRY = new Map([
  ['孟加拉国', '孟加拉'],
  ['刚果(金)', '刚果金'],
  ['刚果(布)', '刚果布'],
  ['北马其顿', '马其顿'],
  ['波斯尼亚和黑塞哥维那', '波黑'],
  ['密克罗尼西亚联邦', '密克罗尼西亚'],
  ['留尼汪', '留尼旺'],
  ['法属圣马丁', '圣马丁'],
  ['圣巴泰勒米岛', '圣巴泰勒米'],
  ['托克劳', '托克劳群岛'],
  ['瓦利斯和富图纳', '瓦利斯和富图纳群岛'],
  ['圣皮埃尔和密克隆', '圣皮埃尔和密克隆群岛'],
]);
const PROVINCE_ENDING = /(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区|区)$/u;
const CITY_ENDING = /(?:市|盟|地区|(?<=..)州)$/u;

function regionName(country, province = '', city = '') {
  if (NO_COUNTRY.test(country)) return '\t\t';
  if (country !== '中国') return `${SAME_COUNTRY.get(country) ?? country}\t\t`;
  const known = (name) => (name === '0' ? '' : name);
  const shortProvince = known(province).replace(PROVINCE_ENDING, '');
  let shortCity = known(city).replace(CITY_ENDING, '');
  const isCityProvince = /^(北京|上海|天津|重庆)$/u.test(shortProvince);
  if (isCityProvince) shortCity = shortProvince;
  return `中国\t${shortProvince}\t${shortCity}`;
}

const regions = new Map([['\t\t', 0]]);
function regionIndex(name) {
  let index = regions.get(name);
  if (index === undefined) {
    index = regions.size;
    if (index > REGIONS_MAX) throw new Error('more regions than 16 bits can number');
    regions.set(name, index);
  }
  return index;
}

// Calls add(first address, name) for each range in order. The file: u32 offsets of the first and
// the last index entry; an entry is u32 first and last address, 24 bits offset of the data and 8
// bits its length; data is 4 bytes and then 国家|区域|省份|城市|ISP.
function readIpv4(file, add) {
  const db = readFileSync(file);
  const last = db.readUInt32LE(4);
  let next = 0;
  for (let at = db.readUInt32LE(0); at <= last; at += 12) {
    const start = db.readUInt32LE(at);
    if (start !== next) throw new Error(`${file}: a hole before ${start}`);
    next = db.readUInt32LE(at + 4) + 1;
    const pointer = db.readUInt32LE(at + 8);
    const data = pointer & 0xffffff;
    const text = db.toString('utf8', data + 4, data + (pointer >>> 24));
    const [country, , province, city] = text.split('|');
    add(start, regionName(country, province, city));
  }
  if (next !== 2 ** 32) throw new Error(`${file}: ends early`);
}

// The file: "IPDB", version, bytes of an offset (at 6) and of an address (at 7), u64 number of
// entries (at 8) and offset of the index (at 16). An entry is the upper 64 bits of the first
// address and the offset of a record: a place text and a provider text, where a byte 1 says that
// the whole record is at the offset that follows, and a byte 2 that the place text is there.
function readIpv6(file, add) {
  const db = readFileSync(file);
  if (db.toString('latin1', 0, 4) !== 'IPDB' || db[6] !== 3 || db[7] !== 8) {
    throw new Error(`${file}: not the format expected`);
  }
  const count = Number(db.readBigUInt64LE(8));
  const index = Number(db.readBigUInt64LE(16));
  const text = (at) => db.toString('utf8', at, db.indexOf(0, at));
  const place = (at) => {
    if (db[at] === 1) at = db.readUIntLE(at + 1, 3);
    return text(db[at] === 2 ? db.readUIntLE(at + 1, 3) : at);
  };
  for (let i = 0; i < count; i += 1) {
    const at = index + i * 11;
    // "中国\t广东省\t深圳市\t…", "中国 香港区", "英国 百慕大", "美国\tTexas州\t…"
    const [first, second, third] = place(db.readUIntLE(at + 8, 3)).split('\t');
    const [country, territory] = first.split(' ');
    const name =
      country === '中国'
        ? regionName(country, territory ?? second, third)
        : regionName(territory ?? country);
    // Finer than /48 says more of a house than of a place.
    add(db.readBigUInt64LE(at) >> 16n, name);
  }
}

function merged(read, file) {
  const starts = [];
  const indexes = [];
  read(file, (start, name) => {
    const index = regionIndex(name);
    if (starts.at(-1) === start) {
      starts.pop();
      indexes.pop();
    }
    if (indexes.at(-1) !== index) {
      starts.push(start);
      indexes.push(index);
    }
  });
  if (Number(starts[0]) !== 0) throw new Error(`${file}: does not begin at address 0`);
  return { starts, indexes };
}

function u16(values) {
  const out = Buffer.alloc(values.length * 2);
  values.forEach((value, i) => out.writeUInt16LE(Number(value), i * 2));
  return out;
}

function u32(values) {
  const out = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => out.writeUInt32LE(Number(value), i * 4));
  return out;
}

// How many ranges begin before each block of 65536 addresses, and one more entry for the end.
function blocks(starts) {
  const out = new Array(65537).fill(0);
  for (const start of starts) out[Math.floor(start / 65536) + 1] += 1;
  for (let i = 1; i < out.length; i += 1) out[i] += out[i - 1];
  return out;
}

const [, , folder, output] = process.argv;
const v4 = merged(readIpv4, join(folder, 'ip2region.db'));
const v6 = merged(readIpv6, join(folder, 'ipv6wry.db'));
const names = Buffer.from([...regions.keys()].map((name) => `${name}\0`).join(''), 'utf8');
writeFileSync(
  output,
  Buffer.concat([
    Buffer.from('MPR2', 'latin1'),
    u32([regions.size, names.length, v4.starts.length, v6.starts.length]),
    names,
    u32(blocks(v4.starts)),
    u16(v4.starts.map((start) => start % 65536)),
    u16(v4.indexes),
    u32(v6.starts.map((start) => start >> 16n)),
    u16(v6.starts.map((start) => start & 0xffffn)),
    u16(v6.indexes),
  ]),
);
