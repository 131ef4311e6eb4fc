#include "CRE2.h"

#include <new>
#include <re2/re2.h>
#include <string>

struct cre2_expression {
    RE2 expression;
    cre2_expression(const re2::StringPiece &pattern, const RE2::Options &options) : expression(pattern, options) {}
};

cre2_expression *cre2_compile(const char *pattern, size_t length, int64_t max_memory) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(max_memory);
    return new (std::nothrow) cre2_expression(re2::StringPiece(pattern, length), options);
}

const char *cre2_error(const cre2_expression *expression) {
    return expression->expression.ok() ? nullptr : expression->expression.error().c_str();
}

const char *cre2_error_fragment(const cre2_expression *expression) {
    return expression->expression.ok() ? nullptr : expression->expression.error_arg().c_str();
}

int cre2_matches(const cre2_expression *expression, const char *text, size_t length) {
    return RE2::PartialMatch(re2::StringPiece(text, length), expression->expression) ? 1 : 0;
}

void cre2_free(cre2_expression *expression) { delete expression; }
