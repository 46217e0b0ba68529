#include "CEmbedded.h"

#include <string.h>

// #embed is C23; clang knows it in every language mode, and lists the files it read in the dependency file, so that a changed file is compiled again.
// A file that is missing is an empty entry, which whoever needs it reports.
#pragma clang diagnostic ignored "-Wc23-extensions"

#if __has_embed("opinions/config.json") == __STDC_EMBED_FOUND__
static const _Alignas(64) unsigned char opinions_config_json[] = {
#embed "opinions/config.json"
};
#define SIZE_opinions_config_json sizeof opinions_config_json
#else
#define opinions_config_json NULL
#define SIZE_opinions_config_json 0
#endif

#if __has_embed("opinions/model.safetensors") == __STDC_EMBED_FOUND__
static const _Alignas(64) unsigned char opinions_model_safetensors[] = {
#embed "opinions/model.safetensors"
};
#define SIZE_opinions_model_safetensors sizeof opinions_model_safetensors
#else
#define opinions_model_safetensors NULL
#define SIZE_opinions_model_safetensors 0
#endif

#if __has_embed("opinions/vocab.txt") == __STDC_EMBED_FOUND__
static const _Alignas(64) unsigned char opinions_vocab_txt[] = {
#embed "opinions/vocab.txt"
};
#define SIZE_opinions_vocab_txt sizeof opinions_vocab_txt
#else
#define opinions_vocab_txt NULL
#define SIZE_opinions_vocab_txt 0
#endif

#if __has_embed("opinions/films-train.tsv") == __STDC_EMBED_FOUND__
static const _Alignas(64) unsigned char opinions_films_train_tsv[] = {
#embed "opinions/films-train.tsv"
};
#define SIZE_opinions_films_train_tsv sizeof opinions_films_train_tsv
#else
#define opinions_films_train_tsv NULL
#define SIZE_opinions_films_train_tsv 0
#endif

#if __has_embed("opinions/films-validation.tsv") == __STDC_EMBED_FOUND__
static const _Alignas(64) unsigned char opinions_films_validation_tsv[] = {
#embed "opinions/films-validation.tsv"
};
#define SIZE_opinions_films_validation_tsv sizeof opinions_films_validation_tsv
#else
#define opinions_films_validation_tsv NULL
#define SIZE_opinions_films_validation_tsv 0
#endif

#if __has_embed("../../hwmodels/datacentre-fp8.json5") == __STDC_EMBED_FOUND__
static const _Alignas(64) unsigned char hwmodels_datacentre_fp8_json5[] = {
#embed "../../hwmodels/datacentre-fp8.json5"
};
#define SIZE_hwmodels_datacentre_fp8_json5 sizeof hwmodels_datacentre_fp8_json5
#else
#define hwmodels_datacentre_fp8_json5 NULL
#define SIZE_hwmodels_datacentre_fp8_json5 0
#endif

#if __has_embed("../../hwmodels/edge-int4.json5") == __STDC_EMBED_FOUND__
static const _Alignas(64) unsigned char hwmodels_edge_int4_json5[] = {
#embed "../../hwmodels/edge-int4.json5"
};
#define SIZE_hwmodels_edge_int4_json5 sizeof hwmodels_edge_int4_json5
#else
#define hwmodels_edge_int4_json5 NULL
#define SIZE_hwmodels_edge_int4_json5 0
#endif

#if __has_embed("../../hwmodels/edge-int8.json5") == __STDC_EMBED_FOUND__
static const _Alignas(64) unsigned char hwmodels_edge_int8_json5[] = {
#embed "../../hwmodels/edge-int8.json5"
};
#define SIZE_hwmodels_edge_int8_json5 sizeof hwmodels_edge_int8_json5
#else
#define hwmodels_edge_int8_json5 NULL
#define SIZE_hwmodels_edge_int8_json5 0
#endif

#if __has_embed("../../hwmodels/gemmini-like.json5") == __STDC_EMBED_FOUND__
static const _Alignas(64) unsigned char hwmodels_gemmini_like_json5[] = {
#embed "../../hwmodels/gemmini-like.json5"
};
#define SIZE_hwmodels_gemmini_like_json5 sizeof hwmodels_gemmini_like_json5
#else
#define hwmodels_gemmini_like_json5 NULL
#define SIZE_hwmodels_gemmini_like_json5 0
#endif

#if __has_embed("../../hwmodels/quzo-edge.json5") == __STDC_EMBED_FOUND__
static const _Alignas(64) unsigned char hwmodels_quzo_edge_json5[] = {
#embed "../../hwmodels/quzo-edge.json5"
};
#define SIZE_hwmodels_quzo_edge_json5 sizeof hwmodels_quzo_edge_json5
#else
#define hwmodels_quzo_edge_json5 NULL
#define SIZE_hwmodels_quzo_edge_json5 0
#endif

#if __has_embed("../../hwmodels/tpu-like.json5") == __STDC_EMBED_FOUND__
static const _Alignas(64) unsigned char hwmodels_tpu_like_json5[] = {
#embed "../../hwmodels/tpu-like.json5"
};
#define SIZE_hwmodels_tpu_like_json5 sizeof hwmodels_tpu_like_json5
#else
#define hwmodels_tpu_like_json5 NULL
#define SIZE_hwmodels_tpu_like_json5 0
#endif

#if __has_embed("../../hwmodels/energy/cmos45.json5") == __STDC_EMBED_FOUND__
static const _Alignas(64) unsigned char hwmodels_energy_cmos45_json5[] = {
#embed "../../hwmodels/energy/cmos45.json5"
};
#define SIZE_hwmodels_energy_cmos45_json5 sizeof hwmodels_energy_cmos45_json5
#else
#define hwmodels_energy_cmos45_json5 NULL
#define SIZE_hwmodels_energy_cmos45_json5 0
#endif

const zeroth_embedded_file zeroth_embedded_files[] = {
    {"opinions/config.json", opinions_config_json, SIZE_opinions_config_json},
    {"opinions/model.safetensors", opinions_model_safetensors, SIZE_opinions_model_safetensors},
    {"opinions/vocab.txt", opinions_vocab_txt, SIZE_opinions_vocab_txt},
    {"opinions/films-train.tsv", opinions_films_train_tsv, SIZE_opinions_films_train_tsv},
    {"opinions/films-validation.tsv", opinions_films_validation_tsv, SIZE_opinions_films_validation_tsv},
    {"hwmodels/datacentre-fp8.json5", hwmodels_datacentre_fp8_json5, SIZE_hwmodels_datacentre_fp8_json5},
    {"hwmodels/edge-int4.json5", hwmodels_edge_int4_json5, SIZE_hwmodels_edge_int4_json5},
    {"hwmodels/edge-int8.json5", hwmodels_edge_int8_json5, SIZE_hwmodels_edge_int8_json5},
    {"hwmodels/gemmini-like.json5", hwmodels_gemmini_like_json5, SIZE_hwmodels_gemmini_like_json5},
    {"hwmodels/quzo-edge.json5", hwmodels_quzo_edge_json5, SIZE_hwmodels_quzo_edge_json5},
    {"hwmodels/tpu-like.json5", hwmodels_tpu_like_json5, SIZE_hwmodels_tpu_like_json5},
    {"hwmodels/energy/cmos45.json5", hwmodels_energy_cmos45_json5, SIZE_hwmodels_energy_cmos45_json5},
};

size_t zeroth_embedded_file_count(void) {
    return sizeof zeroth_embedded_files / sizeof *zeroth_embedded_files;
}

const zeroth_embedded_file *zeroth_embedded_file_at(size_t index) {
    return index < zeroth_embedded_file_count() ? &zeroth_embedded_files[index] : NULL;
}

const zeroth_embedded_file *zeroth_embedded_file_named(const char *name) {
    for (size_t index = 0; index < zeroth_embedded_file_count(); ++index)
        if (strcmp(zeroth_embedded_files[index].name, name) == 0) return &zeroth_embedded_files[index];
    return NULL;
}
