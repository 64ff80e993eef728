import type { Plural } from "../formats.ts";
import type { Texts } from "./en.ts";

const files: Plural = {
  one: "{count} archivo",
  many: "{count} de archivos",
  other: "{count} archivos",
};

/** The texts in Spanish. */
export const es: Texts = {
  page: {
    files,
    from: "De {issuer}",
    worksUntil: "Enlace válido hasta el {time}",
    download: "Descargar",
    downloadHere: "Descargar aquí, con pausa y reanudación",
    downloadSelected: "Descargar los archivos seleccionados",
    selectHint: "Seleccione archivos para descargar solo esos.",
    clearSelection: "Borrar la selección",
    contents: "Contenido",
    selectFolder: "Seleccionar la carpeta {name}, {files}",
    emptyFolder: "Vacía",
    needsScript:
      "Este ZIP ocupa más de {limit}, el máximo que se puede enviar de una vez. Active JavaScript para que esta página pueda descargarlo por partes.",
    footer: "El ZIP se crea durante la descarga. No se guarda ninguna copia.",
    tryAgain: "Volver a intentarlo",
    support: "Ayuda",
    requestNew: "Pedir un enlace nuevo",
  },
  errors: {
    expired: {
      title: "Este enlace ha caducado",
      text: "Era válido durante un tiempo limitado. Pida uno nuevo a la persona que se lo envió.",
    },
    mangled: {
      title: "Este enlace está cortado o alterado",
      text: "Falta una parte o se ha añadido algo, quizá por un programa de correo. Copie el enlace completo del mensaje en que llegó o pida uno nuevo.",
    },
    unauthorized: {
      title: "Este enlace no es válido",
      text: "Puede que se haya cortado al copiarlo. Ábralo de nuevo desde el mensaje en que llegó o pida uno nuevo.",
    },
    malformed: {
      title: "Este enlace es defectuoso",
      text: "Es auténtico, pero no describe correctamente sus archivos. Pida uno nuevo.",
    },
    not_found: {
      title: "Estos archivos ya no están disponibles",
      text: "No se ha encontrado uno o varios de ellos. Consulte a la persona que le envió el enlace.",
    },
    precondition_failed: {
      title: "Estos archivos han cambiado",
      text: "Ya no son los archivos para los que se creó este enlace. Pida un enlace nuevo.",
    },
    changed: {
      title: "Estos archivos se están modificando en este momento",
      text: "Vuelva a intentarlo dentro de un momento.",
    },
    too_large: {
      title: "Estos archivos son demasiado grandes para un solo ZIP",
      text: "Juntos superan lo que este servicio puede enviar. Pida varios enlaces.",
    },
    too_many_entries: {
      title: "Hay demasiados archivos para un solo ZIP",
      text: "Este servicio no puede enviar tantos a la vez. Pida varios enlaces.",
    },
    throttled: {
      title: "El servicio está ocupado en este momento",
      text: "Vuelva a intentarlo dentro de un momento.",
    },
    other: {
      title: "No se puede acceder a los archivos en este momento",
      text: "No es culpa suya, y el enlace sigue siendo válido. Vuelva a intentarlo dentro de unos minutos.",
    },
  },
  kinds: {
    archive: "Comprimido",
    audio: "Audio",
    calendar: "Calendario",
    code: "Código",
    contact: "Contacto",
    data: "Datos",
    document: "Documento",
    drawing: "Dibujo",
    font: "Fuente",
    image: "Imagen",
    mail: "Correo",
    other: "Archivo",
    pdf: "PDF",
    presentation: "Diapositivas",
    program: "Programa",
    sheet: "Hoja de cálculo",
    text: "Texto",
    video: "Vídeo",
    web: "Página web",
  },
  client: {
    files,
    remaining: "quedan unos {duration}",
    amount: "{done} de {total}",
    rate: "{size}/s",
    spoken: "{percent}, {remaining}",
    downloadSelected: "Descargar la selección",
    amountSelected: "{files}, {size}",
    selected: "Selección: {files}, {size}.",
    handedOver:
      "Su navegador está descargando el archivo. Su lista de descargas muestra el progreso.",
    preparing: "Preparando",
    running: "Descargando",
    paused: "En pausa",
    stopped: "La descarga se ha detenido",
    notStarted: "La descarga no puede comenzar",
    unfinished: "Esta descarga no ha terminado",
    unfinishedPart: "Una descarga de archivos seleccionados no ha terminado",
    offline: "Sin conexión. La descarga continuará cuando vuelva a estar en línea.",
    retrying: "Nuevo intento: {reason}",
    complete: "Completada",
    savedTo: "Guardado como {name}.",
    verified: "Se han recibido todos los {size}.",
    handOver: "Su navegador está guardando el archivo en sus descargas.",
    saveAgain: "Guardar de nuevo",
    pause: "Pausar",
    resume: "Reanudar",
    goOn: "Continuar",
    discard: "Cancelar la descarga",
    done: "Cerrar",
    problems: {
      expired:
        "El enlace ha caducado. Pida uno nuevo; con él podrá continuar una descarga ya empezada.",
      changed: "Los archivos han cambiado. Recargue esta página y empiece de nuevo.",
      refused: "El servidor ya no permite esta descarga. Recargue esta página para ver el motivo.",
      notNow:
        "No se ha podido contactar con el servidor. Vuelva a intentarlo dentro de un momento.",
      otherPart: "el servidor ha enviado datos incorrectos",
      unreachable: "se ha perdido la conexión",
      serverBusy: "el servidor tiene un problema",
      gaveUp:
        "La descarga ha fallado demasiadas veces. La parte ya descargada se conserva; inténtelo más tarde.",
      diskFull: "El disco está lleno. Libere espacio y continúe.",
      noRoom:
        "Este navegador tiene {room} libres para esta página, pero la descarga necesita {needed}. Libere espacio en el disco, seleccione menos archivos o use Chrome o Edge en un ordenador.",
      noPlace:
        "Este navegador no puede guardar archivos grandes por partes; las ventanas privadas a menudo no pueden. Use una versión actual de Chrome, Edge, Firefox o Safari, en una ventana normal.",
      otherTab: "Otra pestaña de este navegador ya está descargando esto.",
      lostFile:
        "El archivo descargado en parte ya no existe o no se puede escribir. Empiece de nuevo.",
      tooScattered:
        "Hay demasiados archivos sueltos seleccionados. Seleccione carpetas enteras o menos archivos.",
      unexpected:
        "Algo ha fallado en esta página. La parte ya descargada se conserva; vuelva a intentarlo.",
    },
  },
};
