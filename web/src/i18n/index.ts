/** Chinese first, English complete; the browser's language until someone chooses. */
import { computed, watchEffect } from 'vue';
import { createI18n } from 'vue-i18n';
import type { Language } from '@/lib/numbers';
import en from './en';
import zh from './zh';

const KEY = 'minipulse.language';

function firstLanguage(): Language {
  const chosen = localStorage.getItem(KEY);
  if (chosen === 'zh-CN' || chosen === 'en') return chosen;
  const wanted = navigator.languages.find((one) => /^(zh|en)\b/i.test(one));
  return wanted && !/^zh/i.test(wanted) ? 'en' : 'zh-CN';
}

export const i18n = createI18n({
  legacy: false,
  locale: firstLanguage(),
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh, en },
});

export const language = computed<Language>(() => i18n.global.locale.value as Language);
export const { t, te } = i18n.global;

export function toggleLanguage(): void {
  i18n.global.locale.value = language.value === 'en' ? 'zh-CN' : 'en';
  localStorage.setItem(KEY, language.value);
}

watchEffect(() => {
  document.documentElement.lang = language.value;
});
