const minipulse = require('../../minipulse');

// As a page made by Component(), to show that it is seen as well.
Component({
  data: { total_fen: 0, note: '', isPaid: false },
  methods: {
    onLoad({ total }) {
      this.setData({ total_fen: Number(total) });
    },
    typeNote(event) {
      this.setData({ note: event.detail.value });
    },
    async pay() {
      const order = `T${Date.now()}`;
      try {
        await wx.requestPayment({
          timeStamp: '',
          nonceStr: '',
          package: '',
          signType: 'RSA',
          paySign: '',
        });
      } catch (error) {
        return;
      }
      getApp().globalData.cart.length = 0;
      minipulse.pay({ order_id: order, amount_fen: this.data.total_fen });
      this.setData({ isPaid: true });
    },
  },
});
