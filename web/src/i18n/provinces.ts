/** Provinces as the reports may name them, 广东 or 广东省; the short name, and the English one. */
const ENGLISH: Record<string, string> = {
  北京: 'Beijing', 天津: 'Tianjin', 河北: 'Hebei', 山西: 'Shanxi', 内蒙古: 'Inner Mongolia',
  辽宁: 'Liaoning', 吉林: 'Jilin', 黑龙江: 'Heilongjiang', 上海: 'Shanghai', 江苏: 'Jiangsu',
  浙江: 'Zhejiang', 安徽: 'Anhui', 福建: 'Fujian', 江西: 'Jiangxi', 山东: 'Shandong', 河南: 'Henan',
  湖北: 'Hubei', 湖南: 'Hunan', 广东: 'Guangdong', 广西: 'Guangxi', 海南: 'Hainan',
  重庆: 'Chongqing', 四川: 'Sichuan', 贵州: 'Guizhou', 云南: 'Yunnan', 西藏: 'Tibet',
  陕西: 'Shaanxi', 甘肃: 'Gansu', 青海: 'Qinghai', 宁夏: 'Ningxia', 新疆: 'Xinjiang',
  香港: 'Hong Kong', 澳门: 'Macao', 台湾: 'Taiwan',
};
const ENDING = /(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)$/u;

export const PROVINCES = Object.keys(ENGLISH);

/** The short name of a province of China; null for anything else. */
export function chinese(name: string): string | null {
  const brief = name.replace(ENDING, '');
  return brief in ENGLISH ? brief : null;
}

export function provinceName(name: string, language: 'zh-CN' | 'en'): string {
  const brief = chinese(name);
  return brief && language === 'en' ? (ENGLISH[brief] ?? name) : name;
}
