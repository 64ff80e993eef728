import type { Plural } from "../formats.ts";
import type { Texts } from "./en.ts";

const files: Plural = {
  one: "{count} arquivo",
  many: "{count} de arquivos",
  other: "{count} arquivos",
};

/** The texts in Brazilian Portuguese. */
export const ptBr: Texts = {
  page: {
    files,
    from: "De {issuer}",
    worksUntil: "Link válido até {time}",
    download: "Baixar",
    downloadHere: "Baixar aqui, com pausa e retomada",
    downloadSelected: "Baixar os arquivos selecionados",
    selectHint: "Selecione arquivos para baixar só esses.",
    clearSelection: "Limpar seleção",
    contents: "Conteúdo",
    selectFolder: "Selecionar a pasta {name}, {files}",
    emptyFolder: "Vazia",
    needsScript:
      "Este ZIP é maior que {limit}, o máximo que pode ser enviado de uma vez. Ative o JavaScript para que esta página possa baixá-lo em partes.",
    footer: "O ZIP é criado durante o download. Nenhuma cópia dele é guardada.",
    tryAgain: "Tentar de novo",
    support: "Ajuda",
    requestNew: "Pedir um novo link",
  },
  errors: {
    expired: {
      title: "Este link expirou",
      text: "Ele era válido por tempo limitado. Peça um novo à pessoa que o enviou.",
    },
    mangled: {
      title: "Este link foi cortado ou alterado",
      text: "Falta uma parte dele, ou algo foi acrescentado, talvez por um programa de e-mail. Copie o link inteiro da mensagem em que ele veio, ou peça um novo.",
    },
    unauthorized: {
      title: "Este link não é válido",
      text: "Ele pode ter sido cortado ao ser copiado. Abra-o de novo a partir da mensagem em que ele veio, ou peça um novo.",
    },
    malformed: {
      title: "Este link está com defeito",
      text: "Ele é autêntico, mas não descreve seus arquivos corretamente. Peça um novo.",
    },
    not_found: {
      title: "Estes arquivos não estão mais disponíveis",
      text: "Um ou mais deles não foram encontrados. Fale com a pessoa que enviou o link.",
    },
    precondition_failed: {
      title: "Estes arquivos mudaram",
      text: "Eles não são mais os arquivos para os quais este link foi criado. Peça um novo link.",
    },
    changed: {
      title: "Estes arquivos estão sendo alterados neste momento",
      text: "Tente de novo daqui a pouco.",
    },
    too_large: {
      title: "Estes arquivos são grandes demais para um só ZIP",
      text: "Juntos, eles ultrapassam o que este serviço pode enviar. Peça vários links.",
    },
    too_many_entries: {
      title: "Há arquivos demais para um só ZIP",
      text: "Este serviço não pode enviar tantos de uma vez. Peça vários links.",
    },
    throttled: {
      title: "O serviço está ocupado neste momento",
      text: "Tente de novo daqui a pouco.",
    },
    other: {
      title: "Os arquivos não podem ser acessados neste momento",
      text: "A culpa não é sua, e o link continua válido. Tente de novo em alguns minutos.",
    },
  },
  kinds: {
    archive: "Compactado",
    audio: "Áudio",
    calendar: "Calendário",
    code: "Código",
    contact: "Contato",
    data: "Dados",
    document: "Documento",
    drawing: "Desenho",
    font: "Fonte",
    image: "Imagem",
    mail: "E-mail",
    other: "Arquivo",
    pdf: "PDF",
    presentation: "Slides",
    program: "Programa",
    sheet: "Planilha",
    text: "Texto",
    video: "Vídeo",
    web: "Página da web",
  },
  client: {
    files,
    remaining: "cerca de {duration} restantes",
    amount: "{done} de {total}",
    rate: "{size}/s",
    spoken: "{percent}, {remaining}",
    downloadSelected: "Baixar seleção",
    amountSelected: "{files}, {size}",
    selected: "Seleção: {files}, {size}.",
    handedOver: "Seu navegador está baixando o arquivo. A lista de downloads mostra o progresso.",
    preparing: "Preparando",
    running: "Baixando",
    paused: "Em pausa",
    stopped: "O download parou",
    notStarted: "O download não pode começar",
    unfinished: "Este download não terminou",
    unfinishedPart: "Um download de arquivos selecionados não terminou",
    offline: "Sem conexão. O download continua quando você voltar a ficar on-line.",
    retrying: "Nova tentativa: {reason}",
    complete: "Concluído",
    savedTo: "Salvo como {name}.",
    verified: "Todos os {size} foram recebidos.",
    handOver: "Seu navegador está salvando o arquivo nos seus downloads.",
    saveAgain: "Salvar de novo",
    pause: "Pausar",
    resume: "Retomar",
    goOn: "Continuar",
    discard: "Cancelar o download",
    done: "Fechar",
    problems: {
      expired: "O link expirou. Peça um novo; com ele você pode continuar um download já iniciado.",
      changed: "Os arquivos mudaram. Recarregue esta página e comece de novo.",
      refused:
        "O servidor não permite mais este download. Recarregue esta página para ver o motivo.",
      notNow: "Não foi possível acessar o servidor. Tente de novo daqui a pouco.",
      otherPart: "o servidor enviou dados errados",
      unreachable: "a conexão caiu",
      serverBusy: "o servidor está com um problema",
      gaveUp:
        "O download falhou vezes demais. A parte já baixada fica guardada; tente de novo mais tarde.",
      diskFull: "O disco está cheio. Libere espaço e continue.",
      noRoom:
        "Este navegador ainda tem {room} para esta página, mas o download precisa de {needed}. Libere espaço em disco, selecione menos arquivos, ou use o Chrome ou o Edge em um computador.",
      noPlace:
        "Este navegador não consegue salvar arquivos grandes em partes; janelas anônimas muitas vezes não conseguem. Use uma versão atual do Chrome, Edge, Firefox ou Safari, em uma janela normal.",
      otherTab: "Outra aba deste navegador já está baixando isto.",
      lostFile: "O arquivo baixado em parte sumiu ou não pode ser gravado. Comece de novo.",
      tooScattered:
        "Há arquivos avulsos demais selecionados. Selecione pastas inteiras, ou menos arquivos.",
      unexpected: "Algo deu errado nesta página. A parte já baixada fica guardada; tente de novo.",
    },
  },
};
