// Without what libxml2 says of ICU: Foundation has an ICU of its own, and the two do not agree. Nothing that is used here has to do with it.
#pragma once
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
