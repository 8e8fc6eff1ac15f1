/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UI_VTE_TERMINAL_H
#define UI_VTE_TERMINAL_H

#include "ui/vte.h"

extern const struct vte_ops vte_terminal_ops;

#endif
