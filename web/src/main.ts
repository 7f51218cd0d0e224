import { createApp } from 'vue';
import 'tdesign-vue-next/es/style/index.css';
import '@/styles/base.css';
import '@/state/theme';
import App from '@/App.vue';
import { i18n } from '@/i18n';
import { router } from '@/router';

createApp(App).use(i18n).use(router).mount('#app');
