/* SPDX-License-Identifier: MIT */

#include "sim/lab.h"

#include <stddef.h>
#include <string.h>

#include "sim/base/bytes.h"
#include "sim/crash.h"
#include "sim/evidence/bundle.h"
#include "sim/scenario/schedule.h"
#include "sim/world/world.h"
#include "vdevice/contract/image.h"

#define FOLDER_DEPTH_MAX 8

G_DEFINE_QUARK(lockstep - lab - error, lab_error)

struct Lab {
    LabPaths paths;
    Catalogue *catalogue;
    char **ids;
    GHashTable *scenarios; /* id -> Scenario */
    GHashTable *pools;     /* path of a ROM -> DevicePool */
    CrashSource *source;   /* of the run from a crash state that was planned last; or NULL */
    char *source_id;       /* its clean run */
    GHashTable *images;    /* path -> GBytes, as first read: one campaign, one set of images */
};

/* Opening. */

/* Adds the scenarios of one folder to `ids`, and its folders to `todo`. */
static void scan_folder(const char *root, const char *below, GPtrArray *ids, GPtrArray *todo)
{
    g_autofree char *path = g_build_filename(root, below, NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name = NULL;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *inner =
            below[0] == '\0' ? g_strdup(name) : g_strdup_printf("%s/%s", below, name);
        g_autofree char *full = g_build_filename(root, inner, NULL);
        if (g_file_test(full, G_FILE_TEST_IS_DIR)) {
            if (strcmp(inner, "catalogue") != 0 && name[0] != '.') {
                g_ptr_array_add(todo, g_steal_pointer(&inner));
            }
        } else if (g_str_has_suffix(name, ".yaml")) {
            g_ptr_array_add(ids, g_strndup(inner, strlen(inner) - strlen(".yaml")));
        }
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **list_ids(const char *root)
{
    GPtrArray *ids = g_ptr_array_new();
    g_autoptr(GPtrArray) todo = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(todo, g_strdup(""));
    for (guint i = 0; i < todo->len && i < 1000; i++) {
        g_autofree char *below = g_strdup(g_ptr_array_index(todo, i));
        scan_folder(root, below, ids, todo);
    }
    g_ptr_array_sort(ids, by_text);
    g_ptr_array_add(ids, NULL);
    return (char **)g_ptr_array_free(ids, FALSE);
}

Lab *lab_open(const LabPaths *paths, GError **error)
{
    g_autofree char *folder = g_build_filename(paths->scenarios, "catalogue", NULL);
    Catalogue *catalogue = catalogue_load(folder, error);
    if (catalogue == NULL) {
        return NULL;
    }
    Lab *lab = g_new0(Lab, 1);
    lab->paths = *paths;
    lab->catalogue = catalogue;
    lab->ids = list_ids(paths->scenarios);
    lab->scenarios =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)scenario_free);
    lab->images =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
    lab->pools =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)world_pool_free);
    return lab;
}

void lab_close(Lab *lab)
{
    if (lab != NULL) {
        crash_source_free(lab->source);
        g_free(lab->source_id);
        catalogue_free(lab->catalogue);
        g_strfreev(lab->ids);
        g_hash_table_unref(lab->scenarios);
        g_hash_table_unref(lab->pools);
        g_hash_table_unref(lab->images);
        g_free(lab);
    }
}

void lab_rest(Lab *lab)
{
    g_hash_table_remove_all(lab->pools);
}

const LabPaths *lab_paths(const Lab *lab)
{
    return &lab->paths;
}

const Catalogue *lab_catalogue(const Lab *lab)
{
    return lab->catalogue;
}

char *lab_digest(const Lab *lab)
{
    const char *const files[] = {"/proc/self/exe", lab->paths.machine};
    Digest chain = digest_of("", 0);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        Digest digest = {{0}};
        g_autoptr(GError) error = NULL;
        if (digest_of_file(files[i], &digest, &error)) {
            chain = digest_chain(&chain, digest.bytes, DIGEST_BYTES);
        }
    }
    char hex[DIGEST_TEXT_BYTES];
    return g_strdup(digest_print(&chain, hex));
}

char *const *lab_scenario_ids(const Lab *lab)
{
    return lab->ids;
}

/* Scenarios. */

static Scenario *load_file(const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *bytes = NULL;
    gsize count = 0;
    if (!g_file_get_contents(path, &bytes, &count, &cause)) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "%s:1:1: error: %s", path, cause->message);
        return NULL;
    }
    return scenario_parse(path, NULL, bytes, count, error);
}

/* The id of a file below the scenarios folder, or NULL. */
static char *id_of_file(const Lab *lab, const char *path)
{
    g_autofree char *prefix = g_strdup_printf("%s/", lab->paths.scenarios);
    if (!g_str_has_prefix(path, prefix)) {
        return NULL;
    }
    const char *below = path + strlen(prefix);
    return g_strndup(below, strlen(below) - strlen(".yaml"));
}

const Scenario *lab_add_scenario(Lab *lab, Scenario *take_scenario, GError **error)
{
    if (!scenario_check_proves(take_scenario, (const char *const *)lab->catalogue->ids, error)) {
        scenario_free(take_scenario);
        return NULL;
    }
    g_hash_table_insert(lab->scenarios, g_strdup(scenario_id(take_scenario)), take_scenario);
    return take_scenario;
}

const Scenario *lab_scenario(Lab *lab, const char *id, GError **error)
{
    bool is_file = g_str_has_suffix(id, ".yaml");
    g_autofree char *file_id = is_file ? id_of_file(lab, id) : g_strdup(id);
    const char *name = file_id == NULL ? id : file_id;
    Scenario *known = g_hash_table_lookup(lab->scenarios, name);
    if (known != NULL) {
        return known;
    }
    if (schedule_is_id(id)) {
        g_autofree char *text = schedule_text(id);
        Scenario *drawn = scenario_parse(id, id, text, strlen(text), error);
        if (drawn != NULL) {
            /* Only the last one stays, for there is no end of them. */
            g_hash_table_replace(lab->scenarios, g_strdup("explore/"), drawn);
        }
        return drawn;
    }
    if (!is_file && !g_strv_contains((const char *const *)lab->ids, id)) {
        const char *meant = tree_did_you_mean(id, (const char *const *)lab->ids);
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "error: no scenario is called \"%s\"%s%s%s",
                    id, meant == NULL ? "" : ", did you mean \"", meant == NULL ? "" : meant,
                    meant == NULL ? "" : "\"?");
        return NULL;
    }
    g_autoptr(Scenario) scenario = file_id == NULL
                                       ? load_file(id, error)
                                       : scenario_load(lab->paths.scenarios, file_id, error);
    if (scenario == NULL ||
        !scenario_check_proves(scenario, (const char *const *)lab->catalogue->ids, error)) {
        return NULL;
    }
    Scenario *kept = g_steal_pointer(&scenario);
    /* Known by what it calls itself, too: run ids are made of that. */
    g_hash_table_insert(lab->scenarios, g_strdup(scenario_id(kept)), kept);
    return kept;
}

/* Defects. */

static void defect_free(void *defect)
{
    Defect *at = defect;
    g_free(at->name);
    g_free(at->says);
    g_strfreev(at->programs);
    g_strfreev(at->scenarios);
    g_strfreev(at->proves);
    g_free(at);
}

static bool read_texts(const TreeNode *root, const char *key, char ***ret_texts, GError **error)
{
    const TreeNode *node = tree_get(root, key);
    *ret_texts = node == NULL ? g_new0(char *, 1) : tree_texts(node, error);
    return *ret_texts != NULL;
}

static bool read_defect(const char *path, const char *name, Defect *defect, GError **error)
{
    static const char *const KEYS[] = {"defect", "says",     "programs", "wraps",
                                       "source", "scenario", "proves",   NULL};
    g_autoptr(Tree) tree = tree_load(path, error);
    if (tree == NULL || !tree_expect_keys(tree_root(tree), KEYS, error)) {
        return false;
    }
    const TreeNode *root = tree_root(tree);
    const TreeNode *name_node = tree_require(root, "defect", error);
    const TreeNode *says = name_node == NULL ? NULL : tree_require(root, "says", error);
    const TreeNode *scenario = says == NULL ? NULL : tree_require(root, "scenario", error);
    const char *said = NULL;
    const char *sentence = NULL;
    if (scenario == NULL || !tree_text(name_node, &said, error) ||
        !tree_text(says, &sentence, error)) {
        return false;
    }
    if (strcmp(said, name) != 0) {
        return tree_refuse(name_node, error, "the name must equal the file's: expected \"%s\"",
                           name);
    }
    defect->name = g_strdup(said);
    defect->says = g_strstrip(g_strdup(sentence));
    return read_texts(root, "scenario", &defect->scenarios, error) &&
           read_texts(root, "programs", &defect->programs, error) &&
           read_texts(root, "proves", &defect->proves, error);
}

static int by_name(const void *a, const void *b)
{
    const Defect *const *first = a;
    const Defect *const *second = b;
    return strcmp((*first)->name, (*second)->name);
}

GPtrArray *lab_defects(const Lab *lab, GError **error)
{
    g_autoptr(GPtrArray) defects = g_ptr_array_new_with_free_func(defect_free);
    g_autoptr(GDir) dir = g_dir_open(lab->paths.defects, 0, NULL);
    const char *file = NULL;
    while (dir != NULL && (file = g_dir_read_name(dir)) != NULL) {
        if (!g_str_has_suffix(file, ".yaml")) {
            continue;
        }
        g_autofree char *path = g_build_filename(lab->paths.defects, file, NULL);
        g_autofree char *name = g_strndup(file, strlen(file) - strlen(".yaml"));
        Defect *defect = g_new0(Defect, 1);
        g_ptr_array_add(defects, defect);
        if (!read_defect(path, name, defect, error)) {
            return NULL;
        }
    }
    g_ptr_array_sort(defects, by_name);
    return g_steal_pointer(&defects);
}

/* The ROM a defect comes with, which is the plain one unless the defect is in it. */
static char *rom_of(const Lab *lab, const char *defect)
{
    if (defect != NULL && g_str_has_suffix(lab->paths.rom, ".bin")) {
        g_autofree char *stem = g_strndup(lab->paths.rom, strlen(lab->paths.rom) - strlen(".bin"));
        g_autofree char *path = g_strdup_printf("%s+%s.bin", stem, defect);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            return g_steal_pointer(&path);
        }
    }
    return g_strdup(lab->paths.rom);
}

bool lab_check_defect(const Lab *lab, const char *defect, GError **error)
{
    g_autofree char *rom = rom_of(lab, defect);
    bool found = strcmp(rom, lab->paths.rom) != 0;
    g_autofree char *suffix = g_strdup_printf("+%s.img", defect);
    g_autoptr(GDir) dir = g_dir_open(lab->paths.images, 0, NULL);
    const char *file = NULL;
    while (!found && dir != NULL && (file = g_dir_read_name(dir)) != NULL) {
        found = g_str_has_suffix(file, suffix);
    }
    if (!found) {
        g_set_error(
            error, LAB_ERROR, LAB_ERROR_INPUT,
            "error: no image carries the defect \"%s\"; `lockstep list defects` lists them, "
            "`make defects` builds them",
            defect);
    }
    return found;
}

/* Running. */

static bool refuse_image(const ImageFile *image, size_t offset, GError **error, const char *message)
{
    g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "%s:1:%zu: error: not an image: %s", image->path,
                offset + 1, message);
    return false;
}

/*
 * Refuses what is no image at all. Those that are wrong on purpose, by the convention of the
 * recipes called bad-*, need no more than the room for a header.
 */
static bool check_image(const ImageFile *image, GError **error)
{
    gsize count = 0;
    const void *bytes = g_bytes_get_data(image->bytes, &count);
    if (count < IMAGE_HEADER_BYTES) {
        return refuse_image(image, count, error, "the file ends within the header");
    }
    if (g_str_has_prefix(image->name, "bad-")) {
        return true;
    }
    BytesReader reader = bytes_reader(bytes, count);
    if (bytes_read_le32(&reader) != IMAGE_MAGIC) {
        return refuse_image(image, offsetof(ImageHeader, magic), error, "expected \"LOCK\"");
    }
    if (bytes_read_le16(&reader) != IMAGE_HEADER_VERSION ||
        bytes_read_le16(&reader) != IMAGE_HEADER_BYTES) {
        return refuse_image(image, offsetof(ImageHeader, header_version), error,
                            "the header's version or length is not one that is known");
    }
    (void)bytes_read_span(&reader,
                          offsetof(ImageHeader, payload_bytes) - offsetof(ImageHeader, product_id));
    if (bytes_read_le32(&reader) != count - IMAGE_HEADER_BYTES) {
        return refuse_image(image, count, error,
                            "the file does not end where its header says it does");
    }
    return true;
}

static bool check_images(const Plan *plan, GError **error)
{
    for (guint i = 0; i < plan->timeline->images->len; i++) {
        const ImageFile *image = g_ptr_array_index(plan->timeline->images, i);
        if (image->bytes != NULL && strcmp(image->name, "rom") != 0 && !check_image(image, error)) {
            return false;
        }
    }
    return true;
}

/* A run from a crash state: the clean run is made first, for its operations. */
static Plan *plan_crash(Lab *lab, const SweepRun *run, const Scenario *scenario, GError **error)
{
    CrashPoint point;
    if (!crash_point_require(run->crash, &point, error)) {
        return NULL;
    }
    uint64_t seed = run->has_seed ? run->seed : scenario_seed(scenario);
    g_autofree char *id = sweep_run_id(run->scenario, NULL, run->defect, seed);
    if (g_strcmp0(id, lab->source_id) != 0) {
        g_clear_pointer(&lab->source, crash_source_free);
        g_clear_pointer(&lab->source_id, g_free);
        lab->source = crash_source_new(lab, run->scenario, NULL, run->defect, seed, NULL, error);
        lab->source_id = lab->source == NULL ? NULL : g_steal_pointer(&id);
    }
    return lab->source == NULL ? NULL : crash_source_point(lab->source, lab, &point, true, error);
}

Plan *lab_plan(Lab *lab, const char *run_id, GError **error)
{
    g_auto(SweepRun) run = {.scenario = NULL};
    if (!sweep_parse_run_id(run_id, &run)) {
        g_set_error(
            error, LAB_ERROR, LAB_ERROR_INPUT,
            "error: \"%s\" is not a run id; expected SCENARIO[@POINT][+defect=NAME][+seed=N]",
            run_id);
        return NULL;
    }
    const Scenario *scenario = lab_scenario(lab, run.scenario, error);
    if (scenario == NULL) {
        return NULL;
    }
    if (run.crash != NULL) {
        return plan_crash(lab, &run, scenario, error);
    }
    bool has_point = run.point.axis != SWEEP_NONE;
    ScenarioOptions options = {
        .images_folder = lab->paths.images,
        .rom_path = lab->paths.rom,
        .defect = run.defect,
        .seed = run.seed,
        .has_seed = run.has_seed,
        .point = has_point ? &run.point : NULL,
        .images = lab->images,
    };
    g_autoptr(Plan) plan = scenario_plan(scenario, &options, error);
    if (plan == NULL || !check_images(plan, error)) {
        return NULL;
    }
    return g_steal_pointer(&plan);
}

DevicePool *lab_pool(Lab *lab, const char *defect)
{
    g_autofree char *rom = rom_of(lab, defect);
    DevicePool *pool = g_hash_table_lookup(lab->pools, rom);
    if (pool == NULL) {
        WorldSettings settings = {
            .machine_path = lab->paths.machine,
            .rom_path = rom,
            .images_path = lab->paths.images,
            .keys_path = lab->paths.keys,
            .wall_timeout_s = lab->paths.wall_timeout_s,
            .debugger = lab->paths.gdb_port != 0,
            .debugger_port = lab->paths.gdb_port,
        };
        pool = world_pool_new(&settings);
        g_hash_table_insert(lab->pools, g_strdup(rom), pool);
    }
    return pool;
}

char *lab_bundle_path(const char *run_id)
{
    return g_strdup_printf("runs/%s", run_id);
}

static char *host_json(const LabPaths *paths)
{
    g_autoptr(Canon) canon = canon_new();
    canon_begin_object(canon);
    canon_member_text(canon, "host", g_get_host_name());
    canon_member_text(canon, "machine", paths->machine);
    canon_member_text(canon, "rom", paths->rom);
    canon_end_object(canon);
    return canon_finish(canon);
}

static bool keep_bundle(const Lab *lab, const char *plan_json, const Recorder *recorder,
                        const char *out, RunResult *result, GError **error)
{
    g_autofree char *below = lab_bundle_path(result->run_id);
    g_autofree char *path = g_build_filename(out, below, NULL);
    g_autofree char *host = host_json(&lab->paths);
    if (!bundle_write(path, plan_json, recorder, host, error)) {
        return false;
    }
    result->bundle = g_steal_pointer(&below);
    g_autoptr(Canon) canon = canon_new();
    result_write(result, canon);
    g_autofree char *json = canon_finish(canon);
    g_autofree char *verdict = g_build_filename(path, "verdict.json", NULL);
    return g_file_set_contents(verdict, json, -1, error);
}

RunResult *lab_conclude(Lab *lab, const Plan *plan, const char *out, LabKeep keep,
                        const Recorder *recorder, const GError *failure)
{
    g_autofree char *plan_json = plan_to_json(plan);
    g_autoptr(GError) cause = NULL;
    g_autoptr(RunResult) result = NULL;
    if (failure == NULL) {
        g_autoptr(RunVerdict) verdict = verdict_judge(plan, recorder_events(recorder));
        result = result_new(plan, verdict, recorder_events(recorder));
    } else {
        result = result_new_error(plan->run_id, plan->scenario, failure->message);
    }
    Digest id = plan_id(plan_json);
    digest_print(&id, result->plan_id);
    Digest digest = bundle_digest(plan_json, recorder);
    digest_print(&digest, result->digest);
    bool wanted = keep == LAB_KEEP_ALWAYS ||
                  (keep == LAB_KEEP_UNLESS_PASS && result->verdict != VERDICT_PASS);
    if (out != NULL && wanted && !keep_bundle(lab, plan_json, recorder, out, result, &cause)) {
        result_free(g_steal_pointer(&result));
        return result_new_error(plan->run_id, plan->scenario, cause->message);
    }
    return g_steal_pointer(&result);
}

RunResult *lab_execute_plan(Lab *lab, const Plan *plan, const char *out, LabKeep keep,
                            Recorder *recorder)
{
    WorldOutcome outcome = {0};
    g_autoptr(GError) failure = NULL;
    bool well = world_run(plan, lab_pool(lab, plan->defect), recorder, &outcome, &failure);
    return lab_conclude(lab, plan, out, keep, recorder, well ? NULL : failure);
}

RunResult *lab_execute(Lab *lab, const char *run_id, const char *out, LabKeep keep, GError **error)
{
    g_autoptr(Plan) plan = lab_plan(lab, run_id, error);
    g_autoptr(Recorder) recorder = plan == NULL ? NULL : recorder_new();
    return plan == NULL ? NULL : lab_execute_plan(lab, plan, out, keep, recorder);
}

RunResult *lab_judge(const char *path, Plan **ret_plan, GError **error)
{
    g_autoptr(Bundle) bundle = bundle_open(path, error);
    if (bundle == NULL) {
        return NULL;
    }
    g_autofree char *name = g_build_filename(path, "plan.json", NULL);
    g_autoptr(Plan) plan =
        plan_from_json(name, bundle->plan_json, strlen(bundle->plan_json), error);
    if (plan == NULL) {
        return NULL;
    }
    g_autoptr(RunVerdict) verdict = verdict_judge(plan, bundle->events);
    RunResult *result = result_new(plan, verdict, bundle->events);
    Digest id = plan_id(bundle->plan_json);
    digest_print(&id, result->plan_id);
    digest_print(&bundle->digest, result->digest);
    *ret_plan = g_steal_pointer(&plan);
    return result;
}
