Component({
  properties: { goods: Object },
  methods: {
    choose() {
      this.triggerEvent('choose', { id: this.data.goods.id });
    },
  },
});
