/** How an app in TypeScript uses the shipped types, beside Weixin's own. Only compiled. */
import minipulse from '../dist/minipulse';
import type { Minipulse, Options, Payment, Sampled } from '../dist/minipulse';

const options: Options = {
  app: 'mpw_…',
  server: 'https://stats.example.com',
  consent: 'required',
  sampling: { click: 0.1 },
};
minipulse.init(options);

App<{ globalData: { openid: string } }>({
  globalData: { openid: '' },
  onLaunch(launch: WechatMiniprogram.App.LaunchShowOption) {
    wx.login({ success: ({ code }) => minipulse.identify(code) });
    wx.getPrivacySetting({
      success: ({ needAuthorization }) =>
        needAuthorization ? minipulse.optOut() : minipulse.optIn(),
    });
    minipulse.setCommon({ scene: launch.scene, query: launch.query });
  },
});

Page({
  data: { total: 0 },
  buy(event: WechatMiniprogram.TouchEvent<object, object, { sku: string }>) {
    minipulse.track('buy', { sku: event.currentTarget.dataset.sku, touches: event.touches });
    wx.requestPayment({
      timeStamp: '',
      nonceStr: '',
      package: '',
      paySign: '',
      success: () => minipulse.pay({ order_id: 'A-1', amount_fen: this.total() }),
    });
  },
  total: () => 1990,
});

const payment: Payment = { order_id: 'A-1', amount_fen: 1990, password_free: false, coupon: 'X' };
const kinds: Sampled[] = ['page', 'custom'];
const same: Minipulse = minipulse;
same.pay(payment);
same.refund({ order_id: 'A-1', amount_fen: 990, refund_id: kinds.join() });

// @ts-expect-error amounts are numbers
minipulse.pay({ order_id: 'A-1', amount_fen: '1990' });
// @ts-expect-error the write key is needed
minipulse.init({ server: 'https://stats.example.com' });
// @ts-expect-error no such class
minipulse.init({ ...options, sampling: { payments: 0.1 } });
