/** Where everything is; who may not go there is led to log-in and back. */
import { ref } from 'vue';
import { createRouter, createWebHistory, type RouteLocation, type RouteRecordRaw } from 'vue-router';
import { setOnExpired } from '@/api/client';
import { i18n } from '@/i18n';
import { loadCatalogue } from '@/state/catalogue';
import { apps, isSetUpNeeded, keep, session, whoAmI } from '@/state/session';

const RETRY_MS = 2000;
const LAST_APP = 'minipulse.app';
export const isAway = ref(false);

type Meta = { title: string; isPublic?: boolean };
const meta = (title: string, isPublic = false): Meta => ({ title, isPublic });
const group = (name: string): RouteRecordRaw => ({
  path: name === 'access' ? 'trend' : name,
  component: () => import('@/pages/GroupPage.vue'),
  props: { group: name },
  meta: meta(`group.${name}`),
});

const appPages: RouteRecordRaw[] = [
  { path: 'overview', component: () => import('@/pages/OverviewPage.vue'), meta: meta('nav.overview') },
  { path: 'realtime', component: () => import('@/pages/RealtimePage.vue'), meta: meta('nav.realtime') },
  group('access'),
  group('share'),
  group('add'),
  group('pay'),
  { path: 'source', component: () => import('@/pages/SourcePage.vue'), meta: meta('nav.source') },
  { path: 'engagement', component: () => import('@/pages/EngagementPage.vue'), meta: meta('nav.engagement') },
  { path: 'retention', component: () => import('@/pages/RetentionPage.vue'), meta: meta('nav.retention') },
  { path: 'pages', component: () => import('@/pages/PagesPage.vue'), meta: meta('nav.pages') },
  { path: 'profile', component: () => import('@/pages/ProfilePage.vue'), meta: meta('nav.profile') },
  { path: 'connect', component: () => import('@/pages/ConnectPage.vue'), meta: meta('nav.connect') },
  { path: 'settings', component: () => import('@/pages/SettingsPage.vue'), meta: meta('nav.settings') },
];

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/log-in', component: () => import('@/pages/LogInPage.vue'), meta: meta('login.title', true) },
    { path: '/set-up', component: () => import('@/pages/SetUpPage.vue'), meta: meta('setup.title', true) },
    { path: '/join', component: () => import('@/pages/JoinPage.vue'), meta: meta('join.title', true) },
    {
      path: '/',
      component: () => import('@/pages/AppShell.vue'),
      children: [
        { path: '', component: () => import('@/pages/MissingPage.vue') }, // led on below
        { path: 'account', component: () => import('@/pages/AccountPage.vue'), meta: meta('nav.account') },
        { path: 'server/new-app', component: () => import('@/pages/NewAppPage.vue'), meta: meta('nav.newApp') },
        { path: 'server/users', component: () => import('@/pages/UsersPage.vue'), meta: meta('nav.users') },
        { path: 'server/audit', component: () => import('@/pages/AuditPage.vue'), meta: meta('nav.audit') },
        { path: 'apps/:app', component: () => import('@/pages/AppGate.vue'), children: appPages },
        { path: ':rest(.*)*', component: () => import('@/pages/MissingPage.vue'), meta: meta('state.notFound') },
      ],
    },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? undefined : { top: 0 }),
});

function firstPage(): string {
  const last = localStorage.getItem(LAST_APP);
  const app = apps.value.find((one) => one.id === last) ?? apps.value[0];
  return app ? `/apps/${app.id}/overview` : '/server/new-app';
}

/** Until the server has said who is there; it may be starting. */
async function whoAmIAtLast(): Promise<void> {
  for (;;) {
    try {
      await Promise.all([whoAmI(), loadCatalogue().catch(() => undefined)]);
      if (session.value) await loadCatalogue();
      isAway.value = false;
      return;
    } catch {
      isAway.value = true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

const isPublic = (to: RouteLocation): boolean => to.meta['isPublic'] === true;

/** Begins to fetch the code while the server is asked who is there. */
function fetchAhead(to: RouteLocation): void {
  for (const record of to.matched) {
    const component: unknown = record.components?.['default'];
    if (typeof component === 'function') void (component as () => Promise<unknown>)();
  }
  if (to.path.startsWith('/apps/')) void import('@/charts/echarts');
}

router.beforeEach(async (to) => {
  fetchAhead(to);
  await whoAmIAtLast();
  if (isSetUpNeeded.value && to.path !== '/set-up' && !session.value) return '/set-up';
  if (session.value && to.path === '/') return firstPage();
  if (isPublic(to) || session.value) return true;
  return { path: '/log-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
});

router.afterEach((to) => {
  const title = to.meta['title'];
  const { t } = i18n.global;
  document.title = typeof title === 'string' ? `${t(title)} · ${t('brand')}` : t('brand');
  const app = to.params['app'];
  if (typeof app === 'string' && apps.value.some((one) => one.id === app)) {
    localStorage.setItem(LAST_APP, app);
  }
});

/** Only an address of our own is gone to. */
export const nextOf = (next: unknown): string =>
  typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : '/';

setOnExpired(() => {
  keep(null);
  const here = router.currentRoute.value;
  if (!isPublic(here)) {
    void router.push({ path: '/log-in', query: { next: here.fullPath, expired: '1' } });
  }
});
