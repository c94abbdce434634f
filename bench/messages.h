/* The messages of the load: an uplink of a bin's level sensor as its network server publishes it, packed as MQTT.
 *
 * A device's packet is rendered once; a message changes only what differs, in place. Such a place is written into the
 * template as a run of one control character, which no JSON text holds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LONGEST = 8192, SLOTS = 16, COUNTER = 1000000 };
enum slot_kind { TIME = 1, COUNT, NUMBER, PAYLOAD, DISTANCE, TEMPERATURE };

/* Runs of control characters 1 to 6, as wide as what takes their place. */
#define TIME_ "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1" /* 2026-01-01T00:00:00.000000000Z */
#define COUNT_ "\2\2\2\2\2\2\2"
#define NUMBER_ "\3\3\3\3\3\3\3\3\3\3\3\3"
#define MUD_ "\4\4\4\4\4\4\4\4\4\4\4\4\4\4\4\4\4\4\4\4" /* 14 bytes in base64 */
#define LDDS_ "\4\4\4\4\4\4\4\4\4\4\4\4"               /* 8 bytes in base64 */
#define DISTANCE_ "\5\5\5\5"
#define TEMPERATURE_ "\6\6\6\6"

struct slot { enum slot_kind kind; int at, length; };
struct packet { uint8_t *bytes; int length, id_at, slots; int64_t last_ms; struct slot slot[SLOTS]; };

static int64_t now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int put_length(uint8_t *to, unsigned length) {
    int n = 0;
    do {
        to[n] = length & 127;
        length >>= 7;
        if (length) to[n] |= 128;
        n++;
    } while (length);
    return n;
}

static int put_string(uint8_t *to, const char *text) {
    int length = strlen(text);
    to[0] = length >> 8;
    to[1] = length;
    memcpy(to + 2, text, length);
    return length + 2;
}

static int things_stack(char *to, int device) {
    int n = sprintf(to,
        "{\"end_device_ids\":{\"device_id\":\"bin-%06d\",\"application_ids\":{\"application_id\":\"bins-%02d\"},"
        "\"dev_eui\":\"24E124%010X\",\"join_eui\":\"24E124C0002A0001\",\"dev_addr\":\"260B%04X\"},"
        "\"correlation_ids\":[\"gs:uplink:01K9ZQ2V6WJ8Q0" NUMBER_ "\"],\"received_at\":\"" TIME_ "\","
        "\"uplink_message\":{\"session_key_id\":\"AYiP2kzX8mQ9vB3nR5tW7g==\",\"f_port\":85,\"f_cnt\":" COUNT_ ","
        "\"frm_payload\":\"" MUD_ "\",\"decoded_payload\":{\"battery\":92,\"distance\":" DISTANCE_ ",\"position\":\"normal\","
        "\"temperature\":" TEMPERATURE_ "},\"rx_metadata\":[",
        device, device % 20, device, device & 0xffff);
    for (int g = 0; g < 3; g++)
        n += sprintf(to + n,
            "%s{\"gateway_ids\":{\"gateway_id\":\"roof-%02d\",\"eui\":\"58A0CBFFFE80%04X\"},\"time\":\"" TIME_ "\","
            "\"timestamp\":%u,\"rssi\":-%d,\"channel_rssi\":-%d,\"snr\":%d.5,\"location\":{\"latitude\":50.10%03d,"
            "\"longitude\":8.76%03d,\"altitude\":%d,\"source\":\"SOURCE_REGISTRY\"},\"uplink_token\":"
            "\"CiIKIAoUZXVpLTU4YTBjYmZmZmU4MDJhMzQSCFigy//+gCo0EKyLhqsDGgwIqN6hrwYQ6PnMmAIg4N7k+7YD\","
            "\"channel_index\":%d,\"received_at\":\"" TIME_ "\"}",
            g ? "," : "", (device + g) % 50, (device + g) % 50, 2000000000u + device, 70 + g * 9, 70 + g * 9, 9 - g * 3,
            device % 1000, (device * 7) % 1000, 10 + g, g);
    return n + sprintf(to + n,
        "],\"settings\":{\"data_rate\":{\"lora\":{\"bandwidth\":125000,\"spreading_factor\":7,\"coding_rate\":\"4/5\"}},"
        "\"frequency\":\"868100000\",\"timestamp\":2463457000,\"time\":\"" TIME_ "\"},\"received_at\":\"" TIME_ "\","
        "\"consumed_airtime\":\"0.061696s\",\"network_ids\":{\"net_id\":\"000013\",\"ns_id\":\"EC656E0000000181\","
        "\"tenant_id\":\"city\",\"cluster_id\":\"eu1\",\"cluster_address\":\"eu1.example.org\"}}}");
}

/* At ChirpStack every second device is a Dragino LDDS75; all others are Milesight EM400-MUD. */
static const char *vendor(int device) { return device % 2 ? "a84041" : "24e124"; }

static int chirpstack(char *to, int device) {
    int n = sprintf(to,
        "{\"deduplicationId\":\"3ac7e3c4-4401-4b8d-9386-" NUMBER_ "\",\"time\":\"" TIME_ "\",\"deviceInfo\":{"
        "\"tenantId\":\"52f14cd4-c6f1-4fbd-8f87-4025e1d49242\",\"tenantName\":\"City\",\"applicationId\":"
        "\"8f14e45f-ceea-467f-a2ad-0000000000%02d\",\"applicationName\":\"bins-%02d\",\"deviceProfileId\":"
        "\"14855bf7-d10d-4aee-b618-ebfcb64dc7ad\",\"deviceProfileName\":\"level\",\"deviceName\":\"bin-%06d\","
        "\"devEui\":\"%s%010x\",\"deviceClassEnabled\":\"CLASS_A\",\"tags\":{}},\"devAddr\":\"0018%04x\",\"adr\":true,"
        "\"dr\":5,\"fCnt\":" COUNT_ ",\"confirmed\":false,",
        device % 20, device % 20, device, vendor(device), device, device & 0xffff);
    n += sprintf(to + n, "%s", device % 2
        ? "\"fPort\":2,\"data\":\"" LDDS_ "\",\"object\":{\"Bat\":3.3,\"Distance\":" DISTANCE_ ",\"Interrupt_flag\":0,"
          "\"TempC_DS18B20\":" TEMPERATURE_ ",\"Sensor_flag\":1},"
        : "\"fPort\":85,\"data\":\"" MUD_ "\",\"object\":{\"battery\":92,\"distance\":" DISTANCE_ ","
          "\"position\":\"normal\",\"temperature\":" TEMPERATURE_ "},");
    return n + sprintf(to + n,
        "\"rxInfo\":[{\"gatewayId\":\"0016c001f1%06x\",\"uplinkId\":%u,\"nsTime\":\"" TIME_ "\",\"rssi\":-48,\"snr\":9.25,"
        "\"channel\":5,\"location\":{\"latitude\":50.1,\"longitude\":8.76},\"context\":\"EFwMtA==\",\"crcStatus\":\"CRC_OK\"}],"
        "\"txInfo\":{\"frequency\":868500000,\"modulation\":{\"lora\":{\"bandwidth\":125000,\"spreadingFactor\":7,"
        "\"codeRate\":\"CR_4_5\"}}}}",
        device % 50, 4217106255u);
}

static void find_slots(struct packet *p, int from) {
    for (int i = from; i < p->length;) {
        int kind = p->bytes[i], end = i + 1;
        if (kind < TIME || kind > TEMPERATURE) { i++; continue; }
        while (end < p->length && p->bytes[end] == kind) end++;
        if (p->slots == SLOTS) fprintf(stderr, "too many slots\n"), exit(1);
        p->slot[p->slots++] = (struct slot){kind, i, end - i};
        i = end;
    }
}

static void render(struct packet *p, int of_chirpstack, int device) {
    static char body[LONGEST], topic[256];
    int length = of_chirpstack ? chirpstack(body, device) : things_stack(body, device);
    if (of_chirpstack)
        sprintf(topic, "application/8f14e45f-ceea-467f-a2ad-0000000000%02d/device/%s%010x/event/up", device % 20,
                vendor(device), device);
    else
        sprintf(topic, "v3/bins-%02d@city/devices/bin-%06d/up", device % 20, device);
    p->bytes = malloc(length + strlen(topic) + 16);
    uint8_t *to = p->bytes;
    *to++ = 0x32; /* PUBLISH, QoS 1 */
    to += put_length(to, 2 + strlen(topic) + 2 + length);
    to += put_string(to, topic);
    p->id_at = to - p->bytes;
    memcpy(to + 2, body, length);
    p->length = to + 2 + length - p->bytes;
    find_slots(p, p->id_at + 2);
}

static void put_digits(uint8_t *to, int64_t value, int width) {
    while (width--) to[width] = '0' + value % 10, value /= 10;
}

static void put_time(uint8_t *to, int64_t ns) {
    static time_t known;
    static char text[32];
    time_t second = ns / 1000000000;
    if (second != known) {
        struct tm parts;
        gmtime_r(&second, &parts);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts);
        known = second;
    }
    memcpy(to, text, 20);
    put_digits(to + 20, ns % 1000000000, 9);
    to[29] = 'Z';
}

static void put_base64(uint8_t *to, const uint8_t *from, int length) {
    static const char sign[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < length; i += 3, to += 4) {
        unsigned v = from[i] << 16 | (i + 1 < length ? from[i + 1] << 8 : 0) | (i + 2 < length ? from[i + 2] : 0);
        to[0] = sign[v >> 18], to[1] = sign[v >> 12 & 63];
        to[2] = i + 1 < length ? sign[v >> 6 & 63] : '=', to[3] = i + 2 < length ? sign[v & 63] : '=';
    }
}

/* EM400-MUD: items 01 75 battery, 03 67 temperature, 04 82 distance, 05 00 position. LDDS75: battery, distance,
 * interrupt, temperature, sensor flag. */
static void put_payload(uint8_t *to, int width, int distance, int tenths) {
    const uint8_t mud[14] = {0x01, 0x75, 92, 0x03, 0x67, tenths, tenths >> 8, 0x04, 0x82, distance, distance >> 8, 0x05, 0, 0};
    const uint8_t ldds[8] = {0x0c, 0xe4, distance >> 8, distance, 0, tenths >> 8, tenths, 1};
    if (width == 20) put_base64(to, mud, sizeof mud);
    else put_base64(to, ldds, sizeof ldds);
}

/* Two frames of one device never bear the same millisecond: the stores would rightly take them for one row. */
static int64_t time_of(struct packet *p) {
    int64_t ns = now_ns(CLOCK_REALTIME);
    if (ns / 1000000 <= p->last_ms) ns = (p->last_ms + 1) * 1000000;
    p->last_ms = ns / 1000000;
    return ns;
}

static void number(struct packet *p, int64_t message, int devices) {
    int64_t ns = time_of(p);
    int distance = 1000 + message % 2000, tenths = 100 + message % 200;
    for (int i = 0; i < p->slots; i++) {
        uint8_t *to = p->bytes + p->slot[i].at;
        switch (p->slot[i].kind) {
        case TIME: put_time(to, ns); break;
        case COUNT: put_digits(to, COUNTER + message / devices, 7); break;
        case NUMBER: put_digits(to, message, 12); break;
        case PAYLOAD: put_payload(to, p->slot[i].length, distance, tenths); break;
        case DISTANCE: put_digits(to, distance, 4); break;
        case TEMPERATURE: put_digits(to, tenths / 10, 2), to[2] = '.', to[3] = '0' + tenths % 10; break;
        }
    }
}
