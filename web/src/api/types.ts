/** What docs/openapi.yaml says of the answers, as far as the dashboard reads them. */
export type Role = 'viewer' | 'analyst' | 'owner';
export type Grain = 'day' | 'week' | 'month';
export type Unit = 'count' | 'users' | 'seconds' | 'pages' | 'yuan' | 'ratio';
export type Group = 'access' | 'share' | 'add' | 'pay' | 'page' | 'retention';
export type Names = { zh: string; en: string };
export type Figure = number | null;

export type AppRole = { id: string; name: string; zone: string; role: Role };
export type App = AppRole & {
  open_timeout_ms: number;
  write_key?: string;
  previous_write_key?: string | null;
};
export type Session = {
  user: string;
  is_admin: boolean;
  csrf_token: string;
  expires: string;
  apps: AppRole[];
};

export type Indicator = {
  id: string;
  name: Names;
  group: Group;
  unit: Unit;
  definition: Names;
  report: string;
  grain: 'cycle' | 'cohort' | 'page';
};

export type Report = {
  app: string;
  from: string;
  to: string;
  zone: string;
  now: string;
  complete_until: string | null;
};
export type Cycle = { cycle: string; from: string; to: string; is_running: boolean };
/** A cycle, and each indicator by its id. */
export type TrendRow = Cycle & Record<string, Figure | string | boolean>;
export type Trend = Report & {
  by: Grain;
  rows: TrendRow[];
  compare?: { from: string; to: string; rows: TrendRow[] };
};
export type Then = { value: Figure; change: Figure };
export type OverviewFigure = {
  id: string;
  value: Figure;
  day_before: Then;
  week_ago: Then;
  month_ago: Then;
};
export type TopPage = {
  page: string;
  entrypage_pv?: number;
  page_visit_pv?: number;
  share: number;
};
export type Overview = Report & {
  day: string;
  day_before: string;
  week_ago: string;
  month_ago: string;
  figures: OverviewFigure[];
  entry_pages: TopPage[];
  visited_pages: TopPage[];
};
export type SourceRow = {
  source_group: number;
  scene: number | null;
  session_cnt: number;
  users: number;
};
export type Source = Report & { rows: SourceRow[] };
export type Frequency = Report & { rows: { session_cnt: number; users: number }[] };
export type Bucket = { key: number; from: number; to: number | null; session_cnt: number };
export type Buckets = Report & { rows: Bucket[] };
export type Retained = { n: number; users: number | null; ratio: Figure };
export type RetentionRow = Cycle & { users: number; retained: Retained[] };
export type Retention = Report & { by: Grain; rows: RetentionRow[] };
export type PageRow = { page: string } & Record<string, Figure | string>;
export type Pages = Report & { total: number; rows: PageRow[] };
export type Dimension = 'province' | 'city' | 'gender' | 'platform' | 'model' | 'age';
export type ProfileRow = {
  dimension: Dimension;
  value: string;
  visit_uv_new: number;
  visit_uv: number;
};
export type Profile = Report & { rows: ProfileRow[] };

export type Member = { user: string; role: Role };
export type Invitation = {
  id: number;
  role: Role;
  created: string;
  expires: string;
  created_by?: string;
  code?: string;
};
export type Token = {
  id: number;
  label: string;
  role: Role;
  created: string;
  created_by: string;
  used: string | null;
};
export type User = {
  name: string;
  is_admin: boolean;
  created: string;
  logged_in: string | null;
};
export type AuditEntry = {
  id: number;
  time: string;
  kind: string;
  name: string;
  app: string | null;
  action: string;
  target: string | null;
  address: string | null;
};
export type Audit = { entries: AuditEntry[]; next: number | null };
