#include "cmd/demo_open.h"

#include <stdio.h>

#define PAGES_MAX 30 /* of one open: the graph could go round for ever */
#define EVENTS_PER_UPLOAD 10
#define DWELL_MS_MIN 400
#define DWELL_MS_MAX (10 * 60 * 1000)
#define REFUND_DAYS_MAX 7
#define PASSWORD_FREE_FEN_MAX 20000

struct walk {
    const struct demo_open *open;
    struct demo_random *random;
    struct mp_context context;
    int64_t at_ms;
    uint32_t count; /* events so far: the next one's number */
    uint32_t in_record;
    uint16_t scene;
    char open_id[64];
    /* The page in view. */
    enum demo_page_id page;
    struct demo_goods goods;
    char query[64];
    const char *referrer;
    uint32_t cart_fen; /* worth of what is about to be bought */
};

static struct mp_hash128 identity_of(const struct walk *walk, struct mp_str id) {
    /* The same as collect's for our own format: app and event id. */
    char bytes[MP_APP_ID_MAX + MP_EVENT_ID_MAX + 4];
    struct mp_buf buf = {.ptr = bytes, .capacity = sizeof(bytes), .max = sizeof(bytes)};
    mp_buf_append_lstr(&buf, walk->context.app);
    mp_buf_append_str(&buf, id);
    return mp_hash128(buf.ptr, buf.len);
}

static void send_record(struct walk *walk) {
    struct mp_buf *record = walk->open->scratch;
    if (walk->in_record > 0) {
        walk->open->take(walk->open->arg, walk->at_ms, mp_buf_str(record), walk->in_record);
        walk->in_record = 0;
    }
}

/* Fills what every event has, and sends it on its way. What would happen after now is left out. */
static void emit(struct walk *walk, const char *name, struct mp_event event) {
    char id[MP_EVENT_ID_MAX];
    if (walk->at_ms > walk->open->now_ms) {
        return;
    }
    int len = snprintf(id, sizeof(id), "%s.%u", walk->open_id, walk->count++);
    event.id = mp_str_range(id, (size_t)len);
    event.identity = identity_of(walk, event.id);
    event.name = mp_str_of(name);
    event.time_ms = walk->at_ms;
    event.open_id = mp_str_of(walk->open_id);
    event.open_start_ms = walk->open->start_ms;
    event.scene = walk->scene;
    if (event.dwell_ms == 0) {
        event.dwell_ms = -1;
    }
    struct mp_buf *record = walk->open->scratch;
    if (walk->in_record == 0) {
        mp_buf_clear(record);
        mp_record_begin(record, &walk->context);
    }
    mp_record_add(record, &event);
    if (++walk->in_record == EVENTS_PER_UPLOAD) {
        send_record(walk);
    }
}

/* An event on the page in view. */
static struct mp_event on_page(const struct walk *walk) {
    const struct demo_page *page = &demo_pages[walk->page];
    return (struct mp_event){.page = mp_str_of(page->path),
                             .query = mp_str_of(walk->query),
                             .title = mp_str_of(page->title)};
}

static void enter_page(struct walk *walk, enum demo_page_id page, const char *referrer) {
    walk->page = page;
    walk->referrer = referrer;
    walk->query[0] = '\0';
    if (page == PAGE_DETAIL) {
        walk->goods = demo_goods_pick(walk->random);
        snprintf(walk->query, sizeof(walk->query), "id=%u", walk->goods.id);
    } else if (page == PAGE_LIST) {
        snprintf(walk->query, sizeof(walk->query), "cat=%u",
                 demo_below(walk->random, DEMO_CATEGORY_COUNT) + 1);
    } else if (page == PAGE_ACTIVITY) {
        snprintf(walk->query, sizeof(walk->query), "id=%d", 300 + walk->open->day / 10);
    }
}

static void click(struct walk *walk, const char *element) {
    struct mp_event event = on_page(walk);
    event.element = mp_str_of(element);
    emit(walk, MP_EVENT_CLICK, event);
}

static void custom(struct walk *walk, const char *name, struct mp_prop *props, size_t count) {
    struct mp_event event = on_page(walk);
    event.props = props;
    event.prop_count = count;
    emit(walk, name, event);
}

static void add_to_cart(struct walk *walk) {
    char goods[16];
    snprintf(goods, sizeof(goods), "%u", walk->goods.id);
    struct mp_prop props[] = {
        {MP_STR("goods_id"), MP_PROP_STRING, mp_str_of(goods), 0},
        {MP_STR("price_yuan"), MP_PROP_NUMBER, {0}, walk->goods.price_fen / 100.0},
    };
    click(walk, "add_cart");
    walk->at_ms += 120;
    custom(walk, "add_to_cart", props, 2);
    walk->cart_fen += walk->goods.price_fen * (1 + demo_below(walk->random, 2));
}

static void search(struct walk *walk) {
    struct mp_str keyword =
        mp_str_of(demo_keywords[demo_below(walk->random, (uint32_t)demo_keyword_count)]);
    struct mp_prop props[] = {{MP_STR("keyword"), MP_PROP_STRING, keyword, 0}};
    custom(walk, "search", props, 1);
}

static void share(struct walk *walk) {
    struct mp_str method = demo_chance(walk->random, 850000) ? MP_STR("chat") : MP_STR("timeline");
    struct mp_prop props[] = {{MP_STR("method"), MP_PROP_STRING, method, 0}};
    custom(walk, MP_EVENT_SHARE, props, 1);
}

static void order_id(const struct walk *walk, char out[MP_EVENT_ID_MAX]) {
    char user[14];
    demo_base36(walk->open->user, user);
    snprintf(out, MP_EVENT_ID_MAX, "D%s%s-%u", walk->open->people->tag, user,
             walk->open->memory->orders);
}

static void pay(struct walk *walk) {
    struct demo_memory *memory = walk->open->memory;
    struct mp_event event = on_page(walk);
    char order[MP_EVENT_ID_MAX];
    if (walk->at_ms > walk->open->now_ms) {
        return;
    }
    memory->orders++;
    order_id(walk, order);
    event.order_id = mp_str_of(order);
    if (walk->cart_fen == 0) {
        walk->cart_fen = demo_goods_pick(walk->random).price_fen;
    }
    uint32_t discount = demo_chance(walk->random, 300000) ? walk->cart_fen / 10 : 0;
    event.amount_fen = walk->cart_fen - discount;
    event.password_free =
        walk->open->person->has_contract && event.amount_fen <= PASSWORD_FREE_FEN_MAX;
    emit(walk, MP_EVENT_PAY, event);
    walk->cart_fen = 0;
    memory->refundable_fen = (uint32_t)event.amount_fen;
    memory->refundable_day = walk->open->day;
}

static void refund(struct walk *walk) {
    struct demo_memory *memory = walk->open->memory;
    struct mp_event event = on_page(walk);
    char order[MP_EVENT_ID_MAX];
    order_id(walk, order);
    event.order_id = mp_str_of(order);
    event.amount_fen = memory->refundable_fen;
    click(walk, "refund");
    emit(walk, MP_EVENT_REFUND, event);
    memory->refundable_fen = 0;
}

static bool may_refund(const struct walk *walk) {
    const struct demo_memory *memory = walk->open->memory;
    return memory->refundable_fen > 0 && memory->refundable_day < walk->open->day &&
           walk->open->day - memory->refundable_day <= REFUND_DAYS_MAX;
}

/* To My Mini Programs, and out again: the engaged add it, few remove it. */
static void add_or_remove(struct walk *walk) {
    struct demo_memory *memory = walk->open->memory;
    uint32_t rate = memory->is_added ? 6000 : 9u * memory->engagement;
    if (demo_chance(walk->random, rate)) {
        emit(walk, memory->is_added ? MP_EVENT_REMOVE : MP_EVENT_ADD, on_page(walk));
        memory->is_added = !memory->is_added;
    }
}

/* What is done on the page in view, beside looking at it. */
static void act(struct walk *walk) {
    struct demo_random *random = walk->random;
    if (walk->page == PAGE_DETAIL && demo_chance(random, 160000)) {
        add_to_cart(walk);
    } else if (walk->page == PAGE_SEARCH) {
        search(walk);
    } else if (walk->page == PAGE_ORDERS && may_refund(walk) && demo_chance(random, 200000)) {
        refund(walk);
    } else if (demo_chance(random, 220000)) {
        click(walk, demo_pages[walk->page].click);
    }
    bool is_worth_sharing = walk->page == PAGE_DETAIL || walk->page == PAGE_ACTIVITY;
    if (demo_chance(random, is_worth_sharing ? 32000 : 4000)) {
        share(walk);
    }
}

static enum demo_page_id choose_next(struct walk *walk) {
    uint16_t weights[PAGE_COUNT + 1];
    memcpy(weights, demo_pages[walk->page].next, sizeof(weights));
    if (walk->page == PAGE_DETAIL || walk->page == PAGE_CART) {
        uint32_t factor = demo_promotion_factor(walk->open->people, walk->open->day);
        weights[PAGE_CONFIRM] =
            (uint16_t)(weights[PAGE_CONFIRM] * walk->open->person->purse / 1000 * factor / 1000);
    }
    return (enum demo_page_id)demo_pick(walk->random, weights, PAGE_COUNT + 1);
}

/* Looks at the page in view, acts, leaves; where to is returned. */
static enum demo_page_id visit(struct walk *walk) {
    struct mp_event event = on_page(walk);
    event.referrer = mp_str_of(walk->referrer);
    int64_t since_ms = walk->at_ms;
    int64_t dwell_ms = demo_spread(walk->random, demo_pages[walk->page].dwell_s * 1000);
    dwell_ms = dwell_ms < DWELL_MS_MIN ? DWELL_MS_MIN : dwell_ms;
    dwell_ms = dwell_ms > DWELL_MS_MAX ? DWELL_MS_MAX : dwell_ms;
    emit(walk, MP_EVENT_PAGE_VIEW, event);
    walk->at_ms += dwell_ms * (2 + demo_below(walk->random, 6)) / 10;
    act(walk);
    enum demo_page_id next = choose_next(walk);
    walk->at_ms = since_ms + dwell_ms;
    if (walk->page == PAGE_CONFIRM && next == PAGE_RESULT) {
        pay(walk);
    }
    event = on_page(walk);
    event.dwell_ms = dwell_ms;
    emit(walk, MP_EVENT_PAGE_LEAVE, event);
    return next;
}

/* Page after page until the user leaves. */
static void browse(struct walk *walk) {
    for (int pages = 0; pages < PAGES_MAX; pages++) {
        const char *from = demo_pages[walk->page].path;
        enum demo_page_id next = visit(walk);
        if (next == PAGE_EXIT) {
            return;
        }
        walk->at_ms += 20 + demo_below(walk->random, 180);
        enter_page(walk, next, from);
    }
}

static void hide(struct walk *walk, int64_t shown_ms) {
    struct mp_event event = on_page(walk);
    walk->at_ms += 5;
    event.dwell_ms = walk->at_ms - shown_ms;
    emit(walk, MP_EVENT_HIDE, event);
    send_record(walk);
}

static void tell_profile(struct walk *walk) {
    const struct demo_person *person = walk->open->person;
    struct mp_prop props[] = {
        {MP_STR("gender"), MP_PROP_STRING, person->is_female ? MP_STR("female") : MP_STR("male"),
         0},
        {MP_STR("age"), MP_PROP_NUMBER, {0}, person->age},
    };
    struct mp_event event = {.props = props, .prop_count = 2};
    emit(walk, MP_EVENT_PROFILE, event);
}

static void begin(struct walk *walk) {
    const struct demo_open *open = walk->open;
    struct demo_random *random = walk->random;
    static const char *const networks[] = {"wifi", "5g", "4g"};
    static const uint16_t network_weights[] = {62, 26, 12};
    char user[14], number[14];
    bool is_first = open->memory->opens == 0;
    const struct demo_scene *scene = !is_first && demo_chance(random, 500000)
                                         ? open->person->habit
                                         : demo_scene_pick(random, is_first);
    demo_base36(open->user, user);
    demo_base36(open->memory->opens++, number);
    snprintf(walk->open_id, sizeof(walk->open_id), "%s%s-%s", open->people->tag, user, number);
    walk->scene = scene->scene;
    walk->context = open->person->context;
    walk->context.received_ms = open->now_ms;
    walk->context.network = mp_str_of(networks[demo_pick(random, network_weights, 3)]);
    enter_page(walk, demo_chance(random, 700000) ? (enum demo_page_id)scene->entry : PAGE_INDEX,
               "");
    if (is_first || demo_chance(random, 700000)) { /* else it was still in memory */
        emit(walk, MP_EVENT_LAUNCH, on_page(walk));
    }
    walk->at_ms += 15;
    emit(walk, MP_EVENT_SHOW, on_page(walk));
    if (is_first && open->person->tells_profile) {
        tell_profile(walk);
    }
    walk->at_ms += 60 + demo_below(random, 400);
}

int64_t demo_open_run(const struct demo_open *open, struct demo_random *random) {
    struct walk walk = {.open = open, .random = random, .at_ms = open->start_ms};
    int64_t shown_ms = open->start_ms;
    begin(&walk);
    browse(&walk);
    add_or_remove(&walk);
    hide(&walk, shown_ms);
    if (demo_chance(random, 60000)) { /* looked at something else for a while, same open */
        walk.at_ms += demo_spread(random, 90 * 1000);
        shown_ms = walk.at_ms;
        emit(&walk, MP_EVENT_SHOW, on_page(&walk));
        walk.at_ms += 30;
        browse(&walk);
        hide(&walk, shown_ms);
    }
    return walk.at_ms;
}
