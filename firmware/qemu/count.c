/* A QEMU plugin that counts what a bare-metal program executes between two calls of a function.

   Arguments: mark=ADDRESS of that function, out=FILE. When QEMU ends, the file has, for the region
   between the last two calls: the instructions, the cycles that a Cortex-M4 is estimated to take for
   them, the lowest address stored to (stacks grow down), and how often each kind of instruction ran.

   The estimate, after the Cortex-M4 Technical Reference Manual, without wait states of the flash:
   1 cycle, except
     a single load                          2, or 1 right after another load or store
     multiple loads and stores              1 + the number of registers
     VFMA, VFMS, VMLA, VMLS                 3
     VDIV, VSQRT                            14
     SDIV, UDIV                             7 (they take 2 to 12)
     a branch that is taken                 2 more

   Debian ships QEMU without its header qemu-plugin.h, so what is needed of version 1 of the interface
   (QEMU 4.2 to 8) is declared here.  Build: cc -O2 -shared -fPIC -o count.so count.c */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { NO_REGISTERS = 0, ADD_U64 = 0, LOADS_AND_STORES = 3 };
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
char *qemu_plugin_insn_disas(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_tb_trans_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(
    struct qemu_plugin_tb *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_vcpu_insn_exec_cb(
    struct qemu_plugin_insn *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_vcpu_insn_exec_inline(
    struct qemu_plugin_insn *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_mem_cb(
    struct qemu_plugin_insn *, void (*)(unsigned, qemu_plugin_meminfo_t, uint64_t, void *), int, int,
    void *);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t);
void qemu_plugin_register_atexit_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

/* A kind of instruction: what the disassembler calls it, and its cycles in this place. */
struct kind {
    struct kind *next;
    char name[16];
    unsigned cycles;
    uint64_t count, before, region;
};

/* Runs of instructions that QEMU translated as one. */
struct block {
    uint64_t start, end;
};

static struct kind *kinds;
static uint64_t mark, marks;
static uint64_t taken, taken_before, taken_region;
static uint64_t lowest = UINT64_MAX, lowest_region;
static const struct block *last;
static const char *out_path;

static struct kind *find_kind(const char *name, unsigned cycles) {
    struct kind *kind;
    for (kind = kinds; kind; kind = kind->next)
        if (kind->cycles == cycles && !strcmp(kind->name, name)) return kind;
    kind = calloc(1, sizeof *kind);
    snprintf(kind->name, sizeof kind->name, "%s", name);
    kind->cycles = cycles;
    kind->next = kinds;
    return kinds = kind;
}

static bool starts_with(const char *text, const char *prefix) {
    return !strncmp(text, prefix, strlen(prefix));
}

/* Registers in braces: "{r4, r5, lr}", "{s0-s7}". */
static unsigned registers(const char *text) {
    unsigned count = 0, first = 0, number;
    bool range = false;
    for (text = strchr(text, '{'); text && *text && *text != '}'; text++) {
        if (*text == '-') range = true;
        if (sscanf(text, "%*1[rsd]%u", &number) == 1 && (text[-1] == ' ' || strchr("{-", text[-1]))) {
            count += range ? number - first : 1;
            first = number;
            range = false;
        } else if (starts_with(text, "lr") || starts_with(text, "pc") || starts_with(text, "sp") ||
                   starts_with(text, "sb") || starts_with(text, "sl") || starts_with(text, "fp") ||
                   starts_with(text, "ip")) {
            count++;
        }
    }
    return count;
}

static unsigned estimate(const char *text, bool after_access, bool *is_access) {
    *is_access = false;
    if (starts_with(text, "ldrd") || starts_with(text, "strd")) return 3;
    if (strchr(text, '{')) return 1 + registers(text);
    if (starts_with(text, "ldr") || starts_with(text, "vldr")) {
        *is_access = true;
        return after_access ? 1 : 2;
    }
    if (starts_with(text, "str") || starts_with(text, "vstr")) {
        *is_access = true;
        return 1;
    }
    if (starts_with(text, "vfm") || starts_with(text, "vfnm") || starts_with(text, "vmla") ||
        starts_with(text, "vmls"))
        return 3;
    if (starts_with(text, "vdiv") || starts_with(text, "vsqrt")) return 14;
    if (starts_with(text, "sdiv") || starts_with(text, "udiv")) return 7;
    return 1;
}

static void at_mark(unsigned cpu, void *data) {
    (void)cpu, (void)data;
    for (struct kind *kind = kinds; kind; kind = kind->next) {
        kind->region = kind->count - kind->before;
        kind->before = kind->count;
    }
    taken_region = taken - taken_before;
    taken_before = taken;
    lowest_region = lowest;
    lowest = UINT64_MAX;
    marks++;
}

static void at_block(unsigned cpu, void *data) {
    const struct block *block = data;
    (void)cpu;
    if (last && last->end != block->start) taken++;
    last = block;
}

static void at_access(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data) {
    (void)cpu, (void)data;
    if (qemu_plugin_mem_is_store(info) && address < lowest) lowest = address;
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    struct block *block = calloc(1, sizeof *block);
    bool after_access = false;
    (void)id;
    block->start = block->end = qemu_plugin_tb_vaddr(tb);
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        char *text = qemu_plugin_insn_disas(insn);
        unsigned cycles = estimate(text ? text : "", after_access, &after_access);
        if (text) text[strcspn(text, " \t")] = 0;
        struct kind *kind = find_kind(text ? text : "?", cycles);
        free(text);
        block->end = qemu_plugin_insn_vaddr(insn) + qemu_plugin_insn_size(insn);
        if (qemu_plugin_insn_vaddr(insn) == mark)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_mark, NO_REGISTERS, NULL);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &kind->count, 1);
        qemu_plugin_register_vcpu_mem_cb(insn, at_access, NO_REGISTERS, LOADS_AND_STORES, NULL);
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, at_block, NO_REGISTERS, block);
}

static void report(qemu_plugin_id_t id, void *data) {
    FILE *out = fopen(out_path, "w");
    uint64_t instructions = 0, cycles = 2 * taken_region;
    (void)id, (void)data;
    if (!out) {
        perror(out_path);
        return;
    }
    if (marks < 2) {
        fprintf(out, "marks %llu\n", (unsigned long long)marks);
        fclose(out);
        return;
    }
    for (struct kind *kind = kinds; kind; kind = kind->next) {
        instructions += kind->region;
        cycles += kind->region * kind->cycles;
    }
    fprintf(out, "instructions %llu\ncycles %llu\nlowest %llu\ntaken %llu\n",
            (unsigned long long)instructions, (unsigned long long)cycles,
            (unsigned long long)lowest_region, (unsigned long long)taken_region);
    for (struct kind *kind = kinds; kind; kind = kind->next)
        if (kind->region)
            fprintf(out, "kind %s %u %llu\n", kind->name, kind->cycles,
                    (unsigned long long)kind->region);
    fclose(out);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (starts_with(argv[i], "mark=")) mark = strtoull(argv[i] + 5, NULL, 0);
        if (starts_with(argv[i], "out=")) out_path = strdup(argv[i] + 4);
    }
    if (!mark || !out_path) {
        fputs("count: needs mark=ADDRESS and out=FILE\n", stderr);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, report, NULL);
    return 0;
}
