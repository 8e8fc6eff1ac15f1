// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "ui/egl/draw.h"
#include "util/error.h"

/* Attribute locations. */
enum { AT_PLACE, AT_TEXEL };

struct program {
	GLuint name; /* 0: not built yet */
	bool failed;
	GLint levels, up, down, opaque; /* uniforms */
};

struct egl_draw {
	bool es, core; /* core: the shading language of OpenGL 3.2 */
	bool has_vertex_arrays;
	bool has_images; /* can make a texture of an EGLImage */
	struct program plain, external;
	GLuint corners; /* buffer: place and texel of the four corners */
	GLuint vertex_array;
	GLuint texture_2d, texture_external; /* that imports become */
};

struct corner {
	GLfloat x, y, s, t;
};

/* ---- shaders ---- */

static const char vertex_text[] =
	"IN vec2 place;\n"
	"IN vec2 texel;\n"
	"OUT vec2 at;\n"
	"void main()\n"
	"{\n"
	"	at = texel;\n"
	"	gl_Position = vec4(place, 0.0, 1.0);\n"
	"}\n";

/*
 * levels: the largest number of each channel. It is made a whole number again and then scaled to
 * 8 bits by shifts: up multiplies, down divides and drops what is left.
 */
static const char fragment_text[] =
	"IN vec2 at;\n"
	"uniform SAMPLER image;\n"
	"uniform vec3 levels, up, down;\n"
	"uniform float opaque;\n"
	"void main()\n"
	"{\n"
	"	vec4 pixel = SAMPLE(image, at);\n"
	"	if (levels.x > 0.0) {\n"
	"		vec3 whole = floor(pixel.rgb * levels + 0.5);\n"
	"		pixel.rgb = (floor(whole * up) + floor(whole * down)) / 255.0;\n"
	"	}\n"
	"	COLOUR = vec4(pixel.rgb, max(pixel.a, opaque));\n"
	"}\n";

static GLuint compile(const struct egl_draw *draw, GLenum kind, bool external, const char *text,
		      GError **error)
{
	const char *version = draw->es ? "#version 100\n" : draw->core ? "#version 150\n" :
								       "#version 120\n";
	const char *extension = external ? "#extension GL_OES_EGL_image_external : require\n" : "";
	/* Half precision doesn't tell the columns of a wide picture apart. */
	const char *precision = !draw->es || kind == GL_VERTEX_SHADER ? "" :
		"#ifdef GL_FRAGMENT_PRECISION_HIGH\nprecision highp float;\n"
		"#else\nprecision mediump float;\n#endif\n";
	const char *words = !draw->core ?
		(kind == GL_VERTEX_SHADER ? "#define IN attribute\n#define OUT varying\n" :
		 "#define IN varying\n#define SAMPLE texture2D\n#define COLOUR gl_FragColor\n") :
		(kind == GL_VERTEX_SHADER ? "#define IN in\n#define OUT out\n" :
		 "#define IN in\n#define SAMPLE texture\n#define COLOUR colour\nout vec4 colour;\n");
	const char *sampler = external ? "#define SAMPLER samplerExternalOES\n" :
					 "#define SAMPLER sampler2D\n";
	const char *parts[] = { version, extension, precision, words, sampler, text };
	GLuint shader = glCreateShader(kind);
	GLint good = GL_FALSE;
	char log[256] = "";

	glShaderSource(shader, G_N_ELEMENTS(parts), parts, NULL);
	glCompileShader(shader);
	glGetShaderiv(shader, GL_COMPILE_STATUS, &good);
	if (!good) {
		glGetShaderInfoLog(shader, sizeof(log), NULL, log);
		error_set(error, "GL: shader: %s", g_strchomp(log));
		glDeleteShader(shader);
		return 0;
	}
	return shader;
}

static bool link_program(struct program *program, GLuint vertex, GLuint fragment, GError **error)
{
	GLint good = GL_FALSE;
	char log[256] = "";

	program->name = glCreateProgram();
	glAttachShader(program->name, vertex);
	glAttachShader(program->name, fragment);
	glBindAttribLocation(program->name, AT_PLACE, "place");
	glBindAttribLocation(program->name, AT_TEXEL, "texel");
	glLinkProgram(program->name);
	glGetProgramiv(program->name, GL_LINK_STATUS, &good);
	if (!good) {
		glGetProgramInfoLog(program->name, sizeof(log), NULL, log);
		glDeleteProgram(program->name);
		program->name = 0;
		return error_set(error, "GL: program: %s", g_strchomp(log));
	}
	program->levels = glGetUniformLocation(program->name, "levels");
	program->up = glGetUniformLocation(program->name, "up");
	program->down = glGetUniformLocation(program->name, "down");
	program->opaque = glGetUniformLocation(program->name, "opaque");
	return true;
}

static bool build(const struct egl_draw *draw, struct program *program, bool external,
		  GError **error)
{
	GLuint vertex = compile(draw, GL_VERTEX_SHADER, false, vertex_text, error);
	GLuint fragment = vertex ? compile(draw, GL_FRAGMENT_SHADER, external, fragment_text, error)
				 : 0;
	bool good = fragment && link_program(program, vertex, fragment, error);

	/* They live on in the program. 0 is ignored. */
	glDeleteShader(vertex);
	glDeleteShader(fragment);
	return good;
}

/* ---- life ---- */

struct egl_draw *egl_draw_create(GError **error)
{
	struct egl_draw *draw = g_new0(struct egl_draw, 1);

	draw->es = !epoxy_is_desktop_gl();
	draw->core = !draw->es && epoxy_gl_version() >= 32;
	draw->has_vertex_arrays = epoxy_gl_version() >= 30;
	draw->has_images = epoxy_has_gl_extension("GL_OES_EGL_image");
	if (!build(draw, &draw->plain, false, error)) {
		egl_draw_destroy(draw);
		return NULL;
	}
	glGenBuffers(1, &draw->corners);
	if (draw->has_vertex_arrays) {
		glGenVertexArrays(1, &draw->vertex_array);
	}
	return draw;
}

void egl_draw_destroy(struct egl_draw *draw)
{
	if (!draw) {
		return;
	}
	glDeleteProgram(draw->plain.name);
	glDeleteProgram(draw->external.name);
	glDeleteBuffers(1, &draw->corners);
	if (draw->has_vertex_arrays) {
		glDeleteVertexArrays(1, &draw->vertex_array);
	}
	glDeleteTextures(1, &draw->texture_2d);
	glDeleteTextures(1, &draw->texture_external);
	g_free(draw);
}

/* ---- where the corners are in the texture ---- */

void egl_source_of_frame(struct egl_source *source, const struct egl_import *import,
			 const struct frame *frame)
{
	const struct fb_info *info = &frame->buffer->info;

	*source = (struct egl_source){
		.import = import,
		.width_px = info->width_px,
		.height_px = info->height_px,
		.part = frame->source,
		.rotation = info->rotation,
		.y0_bottom = info->y0_bottom,
	};
}

/* Point @u, @v of the picture as it is shown, 0..1 from its upper left. The display turns counter-
 * clockwise, so at 90 degrees memory's right column is the top line. */
static void texel_at(const struct egl_source *source, GLfloat u, GLfloat v, struct corner *corner)
{
	const pixman_box32_t *part = &source->part;
	GLfloat across, along, x, y;

	switch (source->rotation) {
	case 90:
		across = 1 - v, along = u;
		break;
	case 180:
		across = 1 - u, along = 1 - v;
		break;
	case 270:
		across = v, along = 1 - u;
		break;
	default:
		across = u, along = v;
		break;
	}
	x = (GLfloat)part->x1 + across * (GLfloat)(part->x2 - part->x1);
	y = (GLfloat)part->y1 + along * (GLfloat)(part->y2 - part->y1);
	corner->s = x / (GLfloat)source->width_px;
	corner->t = y / (GLfloat)source->height_px;
	if (source->y0_bottom) {
		corner->t = 1 - corner->t;
	}
}

static void load_corners(const struct egl_draw *draw, const struct egl_source *source,
			 bool top_first)
{
	struct corner corners[4];

	/* A strip: u and v take turns. */
	for (unsigned int i = 0; i < 4; i++) {
		GLfloat u = (GLfloat)(i & 1), v = (GLfloat)(i >> 1);

		corners[i].x = 2 * u - 1;
		corners[i].y = top_first ? 2 * v - 1 : 1 - 2 * v;
		texel_at(source, u, v, &corners[i]);
	}
	if (draw->has_vertex_arrays) {
		glBindVertexArray(draw->vertex_array);
	}
	glBindBuffer(GL_ARRAY_BUFFER, draw->corners);
	glBufferData(GL_ARRAY_BUFFER, sizeof(corners), corners, GL_STREAM_DRAW);
	glEnableVertexAttribArray(AT_PLACE);
	glEnableVertexAttribArray(AT_TEXEL);
	glVertexAttribPointer(AT_PLACE, 2, GL_FLOAT, GL_FALSE, sizeof(*corners),
			      (const void *)G_STRUCT_OFFSET(struct corner, x));
	glVertexAttribPointer(AT_TEXEL, 2, GL_FLOAT, GL_FALSE, sizeof(*corners),
			      (const void *)G_STRUCT_OFFSET(struct corner, s));
}

/* ---- drawing ---- */

/* Binds what is to be sampled; 0 when the context can't, else the target. */
static GLenum bind_source(struct egl_draw *draw, const struct egl_source *source, bool smooth)
{
	GLenum target = source->import && source->import->external ? GL_TEXTURE_EXTERNAL_OES :
								    GL_TEXTURE_2D;
	GLuint *own = target == GL_TEXTURE_2D ? &draw->texture_2d : &draw->texture_external;
	GLint filter = smooth ? GL_LINEAR : GL_NEAREST;

	if (source->import && !draw->has_images) {
		return 0;
	}
	glActiveTexture(GL_TEXTURE0);
	if (!source->import) {
		glBindTexture(target, source->texture);
	} else {
		if (!*own) {
			glGenTextures(1, own);
		}
		glBindTexture(target, *own);
		while (glGetError() != GL_NO_ERROR) {
		}
		/* Each time: that is when a driver looks at what was drawn into the memory. */
		glEGLImageTargetTexture2DOES(target, source->import->image);
		if (glGetError() != GL_NO_ERROR) {
			glBindTexture(target, 0);
			return 0;
		}
	}
	glTexParameteri(target, GL_TEXTURE_MIN_FILTER, filter);
	glTexParameteri(target, GL_TEXTURE_MAG_FILTER, filter);
	glTexParameteri(target, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
	glTexParameteri(target, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
	return target;
}

static void channel_steps(uint8_t bits, GLfloat *levels, GLfloat *up, GLfloat *down)
{
	*levels = (GLfloat)((1u << bits) - 1);
	/* Repeating the high bits below, or dropping the low ones. */
	*up = bits < 8 ? (GLfloat)(1u << (8 - bits)) : 1 / (GLfloat)(1u << (bits - 8));
	*down = bits < 8 ? 1 / (GLfloat)(1u << (2 * bits - 8)) : 0;
}

static void set_depth(const struct program *program, const struct egl_depth *depth)
{
	GLfloat levels[3] = { 0 }, up[3] = { 0 }, down[3] = { 0 };

	if (depth) {
		channel_steps(depth->red, &levels[0], &up[0], &down[0]);
		channel_steps(depth->green, &levels[1], &up[1], &down[1]);
		channel_steps(depth->blue, &levels[2], &up[2], &down[2]);
	}
	glUniform3fv(program->levels, 1, levels);
	glUniform3fv(program->up, 1, up);
	glUniform3fv(program->down, 1, down);
}

/* The external one is built when it is needed first: most contexts never do. */
static struct program *program_for(struct egl_draw *draw, bool external, GError **error)
{
	struct program *program = external ? &draw->external : &draw->plain;

	if (program->name) {
		return program;
	}
	if (!program->failed && draw->es &&
	    epoxy_has_gl_extension("GL_OES_EGL_image_external") &&
	    build(draw, program, true, error)) {
		return program;
	}
	program->failed = true;
	if (error && !*error) {
		error_set(error, "GL: the image is an external one, which takes OpenGL ES with "
				 "GL_OES_EGL_image_external");
	}
	return NULL;
}

bool egl_draw(struct egl_draw *draw, const struct egl_source *source, const struct egl_rect *to,
	      unsigned int flags, const struct egl_depth *depth, GError **error)
{
	struct program *program =
		program_for(draw, source->import && source->import->external, error);
	GLenum target;

	if (!program) {
		return false;
	}
	target = bind_source(draw, source, flags & EGL_DRAW_SMOOTH);
	if (!target) {
		return error_set(error, "GL: the image can't be made a texture");
	}
	glUseProgram(program->name);
	set_depth(program, depth);
	glUniform1f(program->opaque, flags & EGL_DRAW_BLEND ? 0 : 1);
	load_corners(draw, source, flags & EGL_DRAW_TOP_FIRST);
	if (flags & EGL_DRAW_BLEND) {
		glEnable(GL_BLEND);
		glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
	} else {
		glDisable(GL_BLEND);
	}
	glViewport(to->x, to->y, to->width, to->height);
	glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
	glDisable(GL_BLEND);
	glDisableVertexAttribArray(AT_PLACE);
	glDisableVertexAttribArray(AT_TEXEL);
	glBindBuffer(GL_ARRAY_BUFFER, 0);
	if (draw->has_vertex_arrays) {
		glBindVertexArray(0);
	}
	glUseProgram(0);
	glBindTexture(target, 0);
	return true;
}
